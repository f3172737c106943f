// Evaluates expressions of GitHub Actions with GitHub's own library: [{text, contexts}] on standard input, results out.
import { Evaluator, Lexer, Parser, data, wellKnownFunctions } from "@actions/expressions";

const STATUS = ["always", "success", "failure", "cancelled"];

function wrap(value) {
  if (value === null || value === undefined) return new data.Null();
  if (typeof value === "string") return new data.StringData(value);
  if (typeof value === "number") return new data.NumberData(value);
  if (typeof value === "boolean") return new data.BooleanData(value);
  if (Array.isArray(value)) return new data.Array(...value.map(wrap));
  return new data.Dictionary(...Object.entries(value).map(([key, each]) => ({ key, value: wrap(each) })));
}

function evaluate({ text, contexts, status }) {
  const known = STATUS.map((name) => ({
    name,
    minArgs: 0,
    maxArgs: 0,
    call: () => new data.BooleanData(name === "always" || name === (status ?? "success")),
  }));
  const tokens = new Lexer(text).lex().tokens;
  const tree = new Parser(tokens, Object.keys(contexts), known).parse();
  const found = new Evaluator(tree, wrap(contexts), new Map(known.map((each) => [each.name, each]))).evaluate();
  return { text: found.coerceString(), truth: found.kind === data.Kind.Boolean ? found.value : isTrue(found) };
}

function isTrue(found) {
  if (found.kind === data.Kind.Null) return false;
  if (found.kind === data.Kind.String) return found.value !== "";
  if (found.kind === data.Kind.Number) return found.value !== 0 && !Number.isNaN(found.value);
  return true;
}

let input = "";
for await (const part of process.stdin) input += part;
console.log(JSON.stringify(JSON.parse(input).map(evaluate)));
