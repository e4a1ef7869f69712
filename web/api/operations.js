// Operations by name: "map/Sites" is the operation Sites of operations/map.graphql. The whole file is sent with the
// operation's name, so that its text is one the server knows.

const texts = new Map();

export class Failure extends Error {
  constructor(code, message, retryable = false) {
    super(message);
    this.code = code;
    this.retryable = retryable;
  }
}

export async function operation(name) {
  const [file, operationName] = name.split("/");
  if (!texts.has(file)) texts.set(file, load(file));
  return { query: await texts.get(file), operationName };
}

async function load(file) {
  try {
    const answer = await fetch(new URL(`../operations/${file}.graphql`, import.meta.url));
    if (answer.ok) return await answer.text();
    throw new Failure("NOT_FOUND", `There is no operations/${file}.graphql`);
  } catch (error) {
    texts.delete(file);
    throw error instanceof Failure ? error : new Failure("UNREACHABLE", String(error), true);
  }
}

/** The answer's data, or Failure: what went wrong for the request, or for the first field that did. */
export async function send(name, variables = {}, token = null) {
  const body = JSON.stringify({ ...(await operation(name)), variables });
  const headers = { "content-type": "application/json", accept: "application/graphql-response+json" };
  if (token !== null) headers.authorization = `Bearer ${token}`;
  let answer;
  try {
    const response = await fetch("/graphql", { method: "POST", headers, body });
    answer = await response.json();
  } catch (error) {
    throw new Failure("UNREACHABLE", String(error), true);
  }
  const [first] = answer.errors ?? [];
  if (first) throw new Failure(first.extensions?.code ?? "INTERNAL", first.message, first.extensions?.retryable ?? false);
  return answer.data;
}
