import argon2 from "argon2";
import bcrypt from "bcrypt";
import express from "express";

const app = express();
app.get("/", async (_request, response) => {
  const hash = await bcrypt.hash("secret", 4);
  response.json({ bcrypt: await bcrypt.compare("secret", hash), argon2: (await argon2.hash("secret")).length > 20 });
});
app.listen(3000);
