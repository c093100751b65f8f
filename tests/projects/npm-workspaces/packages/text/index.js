const slugify = require("slugify");

module.exports = { title: (text) => slugify(text, { lower: true }) };
