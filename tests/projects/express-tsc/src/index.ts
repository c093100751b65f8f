import { readFileSync } from "node:fs";
import express from "express";
import pino from "pino";

const log = pino();
const app = express();
// Read when it starts: tsc copies no such file.
const page = readFileSync("views/index.html", "utf8");

app.get("/", (_request, response) => {
  response.type("html").send(page);
});
app.get("/health", (_request, response) => {
  response.json({ status: "ok" });
});

const port = Number(process.env.PORT ?? 3000);
app.listen(port, () => log.info({ port }, "listening"));
