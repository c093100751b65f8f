const fs = require("node:fs");
const express = require("express");
const { DATA_DIR, visitsFile } = require("./config");

fs.mkdirSync(DATA_DIR, { recursive: true });

const app = express();
app.get("/", (request, response) => response.send("visits"));
app.get("/visits", (request, response) => {
  const before = fs.existsSync(visitsFile) ? JSON.parse(fs.readFileSync(visitsFile, "utf8")) : 0;
  fs.writeFileSync(visitsFile, JSON.stringify(before + 1));
  response.json(before + 1);
});
app.listen(3000, () => console.log("listening"));
