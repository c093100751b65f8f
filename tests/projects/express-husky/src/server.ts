import express from "express";

const app = express();
app.get("/", (_request, response) => {
  response.json({ guarded: true });
});
app.listen(3000);
