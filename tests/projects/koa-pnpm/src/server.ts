import Koa from "koa";

const app = new Koa();
app.use((context) => {
  context.body = { links: ["https://example.com"] };
});
app.listen(3000);
