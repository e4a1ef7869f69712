// Saving a table of the server's as a file: asked for as the person signed in, which a plain link cannot do.

import { Failure } from "./operations.js";
import { accessToken } from "./session.js";

export async function download(name, parameters) {
  const query = new URLSearchParams(Object.entries(parameters).filter(([, value]) => value != null));
  let answer;
  try {
    answer = await fetch(`/exports/${name}?${query}`, { headers: { authorization: `Bearer ${await accessToken()}` } });
  } catch (error) {
    throw new Failure("UNREACHABLE", String(error), true);
  }
  if (!answer.ok) {
    const { errors: [problem] = [] } = await answer.json().catch(() => ({}));
    throw new Failure(problem?.extensions?.code ?? "INTERNAL", problem?.message ?? "");
  }
  const address = URL.createObjectURL(await answer.blob());
  Object.assign(document.createElement("a"), { href: address, download: name.toLowerCase() }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
