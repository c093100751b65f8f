const path = require("node:path");
const express = require("express");
const morgan = require("morgan");

const app = express();
const notes = require("./data/notes.json");

app.use(morgan("tiny"));
app.use(express.static(path.join(__dirname, "public")));
app.get("/health", (request, response) => response.json({ status: "ok" }));
app.get("/notes", (request, response) => response.json(notes));

app.listen(process.env.PORT || 3000, () => console.log("listening"));
