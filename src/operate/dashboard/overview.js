// SPDX-License-Identifier: MIT
// What one glance should tell: whether all is well, what came and went, which
// sources speak and which destinations take.

import {
	$, action, chip, copy, duration, empty, h, keyed, number, plural, reason,
	row, table, toast, when,
} from '/assets/dom.js';
import {post} from '/assets/api.js';

/* ---- the headline --------------------------------------------------------- */

/* Beside a destination +NAME takes imports and @SOURCE fetches records. */
function called(name) {
	if (name.startsWith('@'))
		return `Details for ${name.slice(1)}`;
	return name.startsWith('+') ? `Imports for ${name.slice(1)}` : name;
}

/* Nobody imports: it only follows its destination. */
function isIdleLane(d) {
	return d.name.startsWith('+') && d.waiting + d.sending + d.delivered +
		d.dead === 0;
}

function troubles(status, alarms) {
	const l = status.ledger, bad = [];
	if (!status.ready)
		bad.push('Nothing can be stored right now');
	for (const d of status.destinations) {
		if (isIdleLane(d))
			continue;
		if (d.condition === 'parked' || d.condition === 'broken')
			bad.push(`${called(d.name)} is ${d.condition}: ` +
				 reason(d.reason));
	}
	const told = new Set(status.destinations.map((d) => d.name));
	for (const a of alarms)
		if (a.severity === 'critical' && !told.has(a.subject))
			bad.push(a.text);
	if (l.difference)
		bad.push(`The ledger is off by ${number(l.difference)}`);
	return bad;
}

function headline(status, alarms) {
	const l = status.ledger;
	const bad = troubles(status, alarms);
	if (bad.length > 0)
		return ['bad', bad[0] + (bad.length > 1
			? `, and ${bad.length - 1} more` : '')];
	const open = l.dead + l.quarantined;
	if (open > 0)
		return ['warn', plural(open, 'lead needs a decision',
				       'leads need a decision')];
	if (alarms.length > 0)
		return ['warn', plural(alarms.length, 'alarm is on',
				       'alarms are on')];
	const waiting = l.waiting + l.parked + l.fetching;
	if (waiting > 0)
		return ['good', `All is well, ${plural(waiting,
			'lead is on its way', 'leads are on their way')}`];
	if (l.accepted === 0)
		return ['good', 'Ready for the first lead'];
	return ['good', 'All is well, everything is delivered'];
}

function waitingHint(l, status) {
	if (l.waiting + l.parked + l.fetching === 0)
		return 'nothing waits';
	const words = [];
	if (l.parked)
		words.push(`${number(l.parked)} parked`);
	if (status.oldest_waiting_s)
		words.push(`oldest ${duration(status.oldest_waiting_s)}`);
	return words.join(', ') || 'on its way';
}

const FIGURES = [
	['Accepted', (l) => l.accepted, () => 'in all'],
	['Delivered', (l) => l.delivered, (l) => l.accepted
		? `${Math.floor(l.delivered / l.accepted * 1000) / 10} % of all`
		: 'nothing yet'],
	['Waiting', (l) => l.waiting + l.parked + l.fetching, waitingHint],
	['Dead', (l) => l.dead, () => 'refused for good', 'bad'],
	['Quarantined', (l) => l.quarantined, () => 'not to be mapped', 'warn'],
	['Ledger', (l) => l.difference === 0 ? 'balances'
		: number(l.difference), (l) => l.difference === 0
		? 'no lead is missing' : 'run leadbridgectl ledger', 'bad'],
];

export function showStatus(status, alarms) {
	const [tone, text] = headline(status, alarms);
	const title = $('headline');
	title.className = `headline ${tone}`;
	if (title.textContent !== text)
		title.textContent = text;
	document.title = tone === 'good' ? 'leadbridge' : `! ${text}`;
	const l = status.ledger;
	keyed($('figures'), FIGURES.map(([name, value, hint, tone], i) => ({
		name, hint: hint(l, status),
		value: typeof value(l) === 'number' ? number(value(l))
			: value(l),
		tone: (i === 5 ? l.difference : value(l)) ? tone : null,
	})), (f) => f.name, (f) => h('div', {class: `figure ${f.tone ?? ''}`},
		h('dt', {}, f.name), h('dd', {class: 'value'}, f.value),
		h('dd', {class: 'hint'}, f.hint)));
	const count = $('nav-count');
	count.hidden = l.dead + l.quarantined === 0;
	count.textContent = number(l.dead + l.quarantined);
}

export function showAlarms(alarms) {
	const list = $('alarms');
	list.hidden = alarms.length === 0;
	keyed(list, alarms, (a) => `${a.name} ${a.subject}`, (a) => h('li', {
		class: `alarm ${a.severity === 'critical' ? 'bad' : 'warn'}`},
		h('strong', {}, a.severity), h('span', {class: 'grow'}, a.text),
		h('span', {class: 'hint'}, 'since ', when(a.since))));
}

/* ---- destinations --------------------------------------------------------- */

function capacity(d) {
	if (d.tokens_left < 0)
		return 'no limit';
	return `${number(d.tokens_left)} left`;
}

function fact(name, ...value) {
	return h('div', {}, h('dt', {}, name), h('dd', {}, value));
}

function pauseButton(d, may) {
	if (!may)
		return null;
	const paused = d.condition === 'paused';
	const verb = paused ? 'resume' : 'pause';
	const url = `destinations/${encodeURIComponent(d.name)}/${verb}`;
	return action(paused ? 'Resume' : 'Pause', async () => {
		await post(url);
		toast(`${d.name}: ${verb}d`);
	}, {name: `${paused ? 'Resume' : 'Pause'} ${d.name}`,
	    tone: paused ? 'main' : ''});
}

/* A card stays as long as its destination does; its button changes only with
 * the condition, or a click could fall between two of them. */
function newCard(d) {
	const title = called(d.name);
	const card = {title, head: h('header', {}), why: h('p', {class: 'why'}),
		      facts: h('dl', {class: 'facts'})};
	card.element = h('article', {class: 'card', 'aria-label': title},
			 card.head, card.why, card.facts);
	return card;
}

function updateCard(card, d, may) {
	if (card.condition !== d.condition)
		card.head.replaceChildren(...[h('h3', {}, card.title),
			chip(d.condition), pauseButton(d, may)].filter(
			Boolean));
	card.condition = d.condition;
	card.why.hidden = d.condition === 'ok';
	const why = [reason(d.reason) || d.condition, ', since ',
		     when(d.since)];
	card.why.replaceChildren(...why, ...(d.until
		? [', goes on ', when(d.until)] : []));
	card.facts.replaceChildren(
		fact('Waiting', number(d.waiting)),
		fact('Rate', capacity(d)),
		fact('In flight', `${number(d.sending)} of ` +
		     number(d.concurrency)),
		fact('Delivered', number(d.delivered),
		     h('small', {}, ' since start')),
		fact('Retried', number(d.retried)),
		fact('Dead', number(d.dead)));
}

const cards = new Map();

export function showDestinations(all, may) {
	const list = $('destinations-list');
	const destinations = all.filter((d) => !isIdleLane(d));
	if (destinations.length === 0) {
		list.replaceChildren(empty('No destination yet.',
			'Add one to leadbridge.yaml: url, customer_id and ' +
			'token of your CRM. Then run leadbridgectl reload.'));
		return;
	}
	for (const d of destinations) {
		if (!cards.has(d.name))
			cards.set(d.name, newCard(d));
		updateCard(cards.get(d.name), d, may);
	}
	const elements = destinations.map((d) => cards.get(d.name).element);
	if (list.children.length !== elements.length ||
	    elements.some((e, i) => list.children[i] !== e))
		list.replaceChildren(...elements);
}

/* ---- sources -------------------------------------------------------------- */

const HEADS = ['Source', 'Last event', 'Leads', 'Refused', 'URL to paste'];
let sourcesTable;

/* alarm: of its silence, or undefined. */
function voice(s, alarm) {
	if (alarm)
		return chip('silent', 'bad');
	if (s.last_event && s.last_event_s < 3600)
		return chip('speaking', 'good');
	if (s.last_event)
		return chip('quiet', 'plain');
	return s.leads > 0 ? chip('not since the start', 'plain')
		: chip('never heard', 'plain');
}

function urlCell(s) {
	if (!s.url.includes('://'))
		return h('div', {class: 'stack'}, h('code', {}, s.url),
			 h('span', {class: 'hint'}, 'public_url is not set'));
	return h('div', {class: 'url'},
		h('code', {tabindex: '0', title: s.url}, s.url),
		h('button', {type: 'button', class: 'quiet',
			'data-act': 'copy', 'aria-label':
			`Copy the URL of ${s.name}`,
			onclick: () => copy(s.url)}, 'Copy'));
}

function sourceRow(s) {
	return row(HEADS, {}, [
		h('div', {}, h('strong', {}, s.name), h('span', {
			class: 'hint block'}, `${s.platform} → ` +
			(s.destinations.join(', ') || 'nowhere'))),
		h('div', {class: 'stack'}, voice(s, s.alarm),
		  s.last_event ? when(s.last_event) : null,
		  s.expect ? h('span', {class: 'hint'},
			       `expected: ${s.expect}`) : null),
		h('div', {}, number(s.leads), s.duplicates ? h('span', {
			class: 'hint block'}, plural(s.duplicates,
			'duplicate', 'duplicates')) : null),
		h('div', {class: s.rejected ? 'warned' : ''},
		  number(s.rejected), s.held ? h('span', {
			class: 'hint block'}, `${number(s.held)} held`) : null),
		urlCell(s),
	]);
}

export function showSources(sources, ledger, alarms) {
	const list = $('sources-list');
	if (sources.length === 0) {
		list.replaceChildren(empty('No source yet.',
			'Add one to leadbridge.yaml (docs/sources has a page ' +
			'for each platform), then run leadbridgectl reload.'));
		sourcesTable = undefined;
		return;
	}
	if (!sourcesTable) {
		sourcesTable = table('Sources', HEADS);
		sourcesTable.note = h('div', {});
		list.replaceChildren(sourcesTable.note, sourcesTable.element);
	}
	const rows = sources.map((s) => ({
		...s, last_event_s: Math.floor((s.last_event_s ?? 0) / 3600),
		leads: ledger[s.name]?.accepted ?? 0,
		alarm: alarms.find((a) => a.name === 'source_silent' &&
				   a.subject === s.name)?.text,
	}));
	const spoke = rows.some((s) => s.last_event || s.leads > 0);
	sourcesTable.note.replaceChildren(...(spoke ? [] : [empty(
		'No source has spoken yet.', 'Copy the URL of a source below ' +
		'and paste it into the webhook settings of the sender. TOKEN ' +
		'stands for the secret in your configuration. To try it ' +
		'without the sender: leadbridgectl source test NAME.')]));
	keyed(sourcesTable.body, rows, (s) => s.name, sourceRow);
}
