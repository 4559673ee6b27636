/* How late the main loop runs with the dashboard open, in a real Chromium, during calls: node bench/dashboard.mjs [CALLS] [SECONDS].
 * BUILD (build/) has the gateway and voice-gateway-call, without sanitizers. Three windows: nobody looks, the overview is
 * open, a call is open. Status 1 where a lag of 20 ms or more was measured while somebody looked. */

import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';

const [calls = 50, seconds = 30] = process.argv.slice(2).map(Number);
const root = new URL('..', import.meta.url).pathname;
const build = process.env.BUILD ?? `${root}build`;
const LIMIT_S = 0.02;
const START_MS = 120000; // on a busy machine

process.env.VGW_TEST_GATEWAY = `${build}/src/voice-gateway`;
const { launch } = await import('../tests/browser/lib/browser.mjs');
const { Gateway } = await import('../tests/browser/lib/gateway.mjs');

/* The values of a page of metrics: {name: number}, the labels being part of the name. */
async function readMetrics(admin) {
  const text = await (await fetch(`${admin}metrics`)).text();
  return Object.fromEntries(text.split('\n').filter((line) => line && !line.startsWith('#')).map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]));
}

/* What a window adds to the histogram of lags. */
async function measure(name, admin) {
  const before = await readMetrics(admin);
  const startMs = Date.now();
  await sleep(seconds * 1000);
  const after = await readMetrics(admin);
  const add = (key) => after[key] - before[key];
  const n = add('vgw_main_loop_lag_seconds_count');
  const below = Object.keys(after).filter((key) => key.startsWith('vgw_main_loop_lag_seconds_bucket'))
    .map((key) => [Number(/le="([^"]+)"/.exec(key)[1].replace('+Inf', 'Infinity')), add(key)]);
  const late = n - below.find(([bound]) => bound === LIMIT_S)[1];
  const cpu = 100 * add('process_cpu_seconds_total') / ((Date.now() - startMs) / 1000);
  console.log(`${name.padEnd(16)} ${String(after['vgw_sessions{state="active"}']).padStart(3)} calls, ${n} lags: `
    + `${below.slice(0, 7).map(([bound, count]) => `≤ ${bound * 1000} ms: ${(100 * count / n).toFixed(1)} %`).join(', ')}; gateway's processor time ${cpu.toFixed(0)} %`);
  return late;
}

const gateway = await Gateway.start(['ice.advertise=', 'engine.default=echo', `limits.max-sessions-per-address=${calls + 10}`]);
const [, admin] = await gateway.waitForLog(/listening admin=(\S+?)(?:"|\s)/);
const caller = spawn(`${build}/tools/caller/voice-gateway-call`, ['--calls', String(calls), '--timeout', String(START_MS), '--duration', String(4 * seconds + START_MS / 1000), gateway.url.replace('http', 'ws') + 'ws'], { stdio: ['ignore', 'ignore', 'inherit'] });
const browser = await launch();
let late = 0;
try {
  for (const endMs = Date.now() + START_MS; (await readMetrics(admin))['vgw_sessions{state="active"}'] < calls;) {
    if (Date.now() > endMs || caller.exitCode !== null)
      throw new Error(`there are not ${calls} calls after ${START_MS / 1000} s`);
    await sleep(200);
  }
  await sleep(3000); // what is of their setup
  await measure('no dashboard', admin);
  const page = await browser.open(admin, { viewport: { width: 1280, height: 1000 } });
  await page.waitForSelector('#calls-body tr');
  late += await measure('the overview', admin);
  await page.click('#calls-body .row-link');
  await page.waitForSelector('#findings li');
  late += await measure('a call', admin);
} finally {
  caller.kill('SIGINT');
  await browser.close();
  await gateway.stop('SIGKILL');
}
console.log(late === 0 ? 'no lag of 20 ms or more with the dashboard open' : `${late} lags of 20 ms or more with the dashboard open`);
process.exit(late === 0 ? 0 : 1);
