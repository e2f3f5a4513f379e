// Run inside a private machine: a unix socket is reachable across network namespaces, TCP is not.
import net from 'node:net';
import process from 'node:process';
import { pipeline } from 'node:stream';

/** Each connection begins with one line, `host port`; what follows goes to that server and back. */
net
  .createServer((client) => {
    client.once('data', (chunk: Buffer) => {
      client.pause();
      const end = chunk.indexOf('\n');
      const [host = '', port] = chunk.subarray(0, end).toString().split(' ');
      const target = net.connect(Number(port), host);
      if (end + 1 < chunk.length) target.write(chunk.subarray(end + 1));
      pipeline(client, target, client, () => client.destroy());
    });
    client.on('error', () => client.destroy());
  })
  .listen(process.argv[2], () => {
    process.stdout.write('ready\n');
  });
