import path from "node:path";
import express from "express";

const client = require(path.resolve("node_modules/.client"));
const app = express();
app.get("/", (_request, response) => {
  response.json(client);
});
app.listen(3000);
