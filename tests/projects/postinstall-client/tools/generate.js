// Writes a client for the schema beside the packages, as some database tools do.
const fs = require("node:fs");
const mustache = require("mustache");

const schema = JSON.parse(fs.readFileSync("schema.json", "utf8"));
fs.mkdirSync("node_modules/.client", { recursive: true });
fs.writeFileSync("node_modules/.client/index.js", mustache.render("module.exports = { table: '{{table}}' };\n", schema));
