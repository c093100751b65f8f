const path = require("node:path");
const express = require("express");
const morgan = require("morgan");

const app = express();
const site = path.join(__dirname, "client", "dist");
const entries = [{ name: "Ada", text: "Nice place." }];

app.use(morgan("tiny"));
app.use(express.json());
app.get("/api/entries", (request, response) => response.json(entries));
app.get("/health", (request, response) => response.json({ status: "ok" }));
app.use(express.static(site));
app.get("*", (request, response) => response.sendFile(path.join(site, "index.html")));

app.listen(process.env.PORT || 5000, () => console.log("listening"));
