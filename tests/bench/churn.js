// A server without a network: requests that parse, transform and cache, at a steady pace; its memory is steady. For
// tests/bench/growth. Arguments: SEED [LEAK], LEAK: bytes a second that it keeps for ever.
let state = Number(process.argv[2] || 1) * 2654435761 % 4294967296
const random = () => (state = (state * 1664525 + 1013904223) % 4294967296) / 4294967296
const leak = Number(process.argv[3] || 0)
const entries = 200 + Math.floor(random() * 2000)
const requests = 5 + Math.floor(random() * 30) // every 20 ms
const cache = new Map()
const kept = []

function request() {
	const key = 'user:' + Math.floor(random() * entries)
	const items = Array.from({length: 5 + Math.floor(random() * 50)}, (_, i) => ({id: i, name: key + i, price: random()}))
	const answer = JSON.parse(JSON.stringify({key, items, at: Date.now()}))
	answer.items.sort((a, b) => a.price - b.price)
	cache.delete(key)
	cache.set(key, {answer, body: Buffer.from(JSON.stringify(answer))})
}

let due = 0, last = Date.now()
setInterval(() => {
	for (let i = 0; i < requests; i++) request()
	const now = Date.now()
	for (due += leak * (now - last) / 1000; due > 0; due -= 1000) kept.push({text: Buffer.alloc(900, 1), next: kept.length})
	last = now
}, 20)
