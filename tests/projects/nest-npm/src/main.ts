import "reflect-metadata";
import { Controller, Get, Module } from "@nestjs/common";
import { NestFactory } from "@nestjs/core";

@Controller()
class Cats {
  @Get()
  all() {
    return ["tabby"];
  }
}

@Module({ controllers: [Cats] })
class App {}

async function start() {
  const app = await NestFactory.create(App);
  await app.listen(3000, "0.0.0.0");
}

start();
