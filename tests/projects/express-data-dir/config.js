const path = require("node:path");

const DATA_DIR = process.env.DATA_DIR || "/var/lib/visits";

module.exports = { DATA_DIR, visitsFile: path.join(DATA_DIR, "visits.json") };
