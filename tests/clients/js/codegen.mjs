import { readFileSync, writeFileSync } from "node:fs";
import { codegen } from "@graphql-codegen/core";
import * as operations from "@graphql-codegen/typescript-operations";
import { buildSchema, parse, printSchema } from "graphql";
import { sdl } from "./setting.mjs";

const config = {
  strictScalars: true,
  scalars: { DateTime: "string", Date: "string", Decimal: "string" },
  enumsAsTypes: true,
};
const generated = await codegen({
  filename: "types.ts",
  schema: parse(printSchema(buildSchema(sdl))),
  documents: [{ location: "operations.graphql", document: parse(readFileSync("operations.graphql", "utf8")) }],
  config,
  plugins: [{ operations: {} }],
  pluginMap: { operations },
});
writeFileSync("types.ts", generated);
console.log("ok");
