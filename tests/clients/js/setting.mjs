// What every script is told by its test: where the server is, who calls, and the schema.
import { readFileSync } from "node:fs";
import { createHash } from "node:crypto";
import { buildSchema, isAbstractType } from "graphql";

export const url = process.env.URL;
export const wsUrl = url.replace("http", "ws");
export const headers = { authorization: `Bearer ${process.env.TOKEN}` };
export const sha256 = (text) => createHash("sha256").update(text).digest("hex");
export const sdl = readFileSync(process.env.SDL, "utf8");
export const newKey = () => `client-${process.hrtime.bigint()}`;

const schema = buildSchema(sdl);
export const possibleTypes = Object.fromEntries(
  Object.values(schema.getTypeMap())
    .filter(isAbstractType)
    .map((type) => [type.name, schema.getPossibleTypes(type).map((each) => each.name)]),
);
