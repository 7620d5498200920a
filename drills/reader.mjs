// What reader.py does, with the Node driver: node reader.mjs FILE QUERY
import { DuckDBInstance } from '@duckdb/node-api';

const PAUSE = 2000; // milliseconds between two reads
const [path, query] = process.argv.slice(2);
let over = false;
process.stdin.on('end', () => { over = true; }).resume();

while (!over) {
  await new Promise((next) => setTimeout(next, PAUSE));
  const started = performance.now();
  const said = { build: null, problem: null };
  try {
    const instance = await DuckDBInstance.create(path, { access_mode: 'READ_ONLY' });
    const connection = await instance.connect();
    const [[build, torn]] = (await connection.runAndReadAll(query)).getRows();
    connection.closeSync();
    instance.closeSync();
    said.build = build;
    if (torn) said.problem = 'torn';
  } catch (error) {
    said.problem = String(error);
  }
  console.log(JSON.stringify({ seconds: (performance.now() - started) / 1000, ...said }));
}
