const express = require("express");

const app = express();
app.get("/", (request, response) => response.send("tools"));
app.listen(3000);
