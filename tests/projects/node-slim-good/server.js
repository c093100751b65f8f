const http = require('http');
const bytes = require('bytes');
const ms = require('ms');
const vary = require('vary');

const server = http.createServer((request, response) => {
  vary(response, 'Accept');
  response.setHeader('Content-Type', 'text/plain');
  response.end(request.url === '/health' ? 'ok\n' : `${ms(60000)} ${bytes(1024)}\n`);
});

server.listen(3000);
process.on('SIGTERM', () => server.close());
