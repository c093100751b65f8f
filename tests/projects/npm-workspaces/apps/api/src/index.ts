import express from "express";

const { title } = require("text");
const app = express();
app.get("/", (_request, response) => {
  response.json({ title: title("Hello World") });
});
app.listen(3000);
