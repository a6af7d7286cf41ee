// SPDX-License-Identifier: GPL-2.0
// memlab.js FILE.heapsnapshot FILE.jsonl: memlab computes the retained sizes that kgcctl
// computed of the same snapshot.
const fs = require('fs');
const {getFullHeapFromFile} = require('@memlab/heap-analysis');

const FIRST = 2; // node of the heap that is the first object

async function main() {
  const heap = await getFullHeapFromFile(process.argv[2]);
  const objects = fs.readFileSync(process.argv[3], 'utf8').trim().split('\n')
    .map(line => JSON.parse(line)).filter(record => record.kind === 'object');
  const wrong = objects.filter((object, i) => {
    const node = heap.nodes.get(i + FIRST);
    return node.self_size !== object.bytes || node.retainedSize !== object.retained ||
      node.edge_count !== object.edges.length;
  });
  console.log(`${objects.length} objects, ${wrong.length} differ`);
  process.exit(wrong.length || !objects.length ? 1 : 0);
}

main();
