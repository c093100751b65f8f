import { readFile } from "node:fs/promises";
import Fastify from "fastify";

const app = Fastify({ logger: true });
const quotes = JSON.parse(await readFile("quotes.json", "utf8"));

app.get("/", async () => ({ status: "ok" }));
app.get("/quotes", async () => quotes);

await app.listen({ port: 3000, host: "0.0.0.0" });
