// SPDX-License-Identifier: MIT
// One lead: what it is, what was tried, what came in and what goes out.
// Personal data is masked until somebody asks, which the audit log keeps.

import {
	$, action, chip, copy, h, milliseconds, number, reason, row, table, when,
} from '/assets/dom.js';
import {get, getOptional} from '/assets/api.js';
import {decisions, person} from '/assets/leads.js';

const shown = {id: null, reveal: false, may: false, changed: null, from: null};

function fact(name, value, long = false) {
	if (value === null || value === undefined || value === '')
		return null;
	return h('div', {class: long && 'span'}, h('dt', {}, name),
		 h('dd', {}, value));
}

const code = (text) => text && h('code', {}, text);

function facts(l) {
	return h('dl', {class: 'facts wide-facts'},
		fact('Received', when(l.received_at)),
		l.due_at ? fact('Next try', when(l.due_at))
			: fact('Settled', when(l.settled_at)),
		fact('Source', l.source),
		fact('Destination', l.destination),
		fact('Topic', l.topic),
		fact('Account', l.account),
		fact('Tries', number(l.attempts)),
		fact('Last answer', l.status ? `${l.status} in ` +
			milliseconds(l.duration_ms) : null),
		fact('CRM id', code(l.crm_id)),
		fact('Why it waits', l.why, true),
		fact('Idempotency key', l.key && h('span', {class: 'copyable'},
			code(l.key), h('button', {type: 'button',
				class: 'quiet', 'aria-label':
				'Copy the idempotency key',
				onclick: () => copy(l.key)}, 'Copy')), true),
		fact('Event id', code(l.event_id), true));
}

const TRIES = ['Try', 'When', 'Took', 'Outcome', 'Why'];

function attempts(l) {
	const tried = l.failed_attempts ?? [];
	if (tried.length === 0)
		return h('p', {class: 'hint'}, l.state === 'delivered'
			? 'Delivered at the first try.'
			: 'No try has failed so far.');
	const t = table('Failed tries', TRIES);
	t.body.append(...tried.map((a) => row(TRIES, {}, [
		number(a.n), when(a.at), milliseconds(a.duration_ms),
		h('span', {}, chip(a.outcome, 'plain'),
		  a.counts ? '' : ' (does not count)'),
		[reason(a.reason), a.status && !/\d/.test(a.reason ?? '')
			? ` (${a.status})` : ''].join('')])));
	return t.element;
}

function pretty(text) {
	try {
		return JSON.stringify(JSON.parse(text), null, 2);
	} catch {
		return text;
	}
}

const block = (label, text) => h('pre', {tabindex: '0', role: 'region',
	'aria-label': label}, pretty(text));

function part(title, open, ...content) {
	return h('details', {open}, h('summary', {}, title), content);
}

function incoming(r) {
	return r && part('What came in', false,
		h('p', {class: 'hint'}, [r.content_type, r.target].filter(
			Boolean).join(', '), ', ', when(r.received_at)),
		r.headers && block('Headers', r.headers.trim()),
		r.body ? block('Body', r.body)
			: h('p', {class: 'hint'}, 'Without a body.'));
}

function revealBar(l) {
	if (shown.reveal)
		return h('div', {class: 'reveal open'},
			h('p', {}, 'Personal data is shown. The audit log ' +
			  'says so.'),
			h('button', {type: 'button', 'data-act': 'mask',
				onclick: () => load(l.id, false)}, 'Mask it'));
	if (!shown.may)
		return h('div', {class: 'reveal'}, h('p', {},
			'Personal data stays masked for a read-only token.'));
	return h('div', {class: 'reveal'},
		h('p', {}, 'Personal data is masked. Who sees it is kept in ' +
		  'the audit log.'),
		action('Reveal', () => load(l.id, true),
		       {name: 'Reveal personal data'}));
}

function draw(l) {
	const buttons = shown.may ? decisions(l, async () => {
		await load(l.id, shown.reveal);
		await shown.changed();
	}) : [];
	$('detail').replaceChildren(...[
		h('header', {},
		  h('h2', {id: 'detail-title', tabindex: '-1'},
		    `Lead ${l.id}`), chip(l.state),
		  h('button', {type: 'button', class: 'quiet close',
			'aria-label': 'Close', onclick: closeLead}, '✕')),
		l.reason && h('p', {class: 'why'}, reason(l.reason)),
		buttons.length > 0 && h('div', {class: 'buttons'}, buttons),
		h('div', {class: 'who'}, person(l.person)),
		revealBar(l),
		facts(l),
		h('h3', {}, 'Tries'), attempts(l),
		l.response && part('What the CRM said', true,
			block('Answer of the CRM', l.response)),
		l.body && part('What goes to the CRM', true,
			block('Lead as it is sent', l.body)),
		incoming(l.request)].filter(Boolean));
}

async function why(id) {
	const found = await getOptional(`queue/${id}`);
	const gate = found?.queue;
	return [found?.rule,
		gate && gate.gate !== 'open' && `${gate.destination} is ` +
			`${gate.gate}${gate.set_by ? `: ${gate.set_by}` : ''}`,
		gate?.lead?.ahead ? `${number(gate.lead.ahead)} before it`
			: null].filter(Boolean).join('; ');
}

async function load(id, reveal) {
	const l = await get(`leads/${id}`, {reveal: reveal && 'true'});
	if (l.state === 'waiting' || l.state === 'fetching')
		l.why = await why(id);
	if (shown.id !== id)
		return;
	shown.reveal = reveal;
	const inside = $('detail').contains(document.activeElement);
	draw(l);
	if (inside || !$('detail').open)
		$('detail-title').focus();
}

/** Again, where it is this lead that something became of. */
export function refreshLead(ids) {
	if (shown.id !== null && ids.includes(shown.id))
		return load(shown.id, shown.reveal);
	return Promise.resolve();
}

export function openLead(id) {
	if (location.hash === `#lead=${id}`)
		return show(id);
	location.hash = `lead=${id}`;
	return Promise.resolve();
}

async function show(id) {
	const dialog = $('detail');
	shown.id = id;
	shown.from = document.activeElement;
	dialog.replaceChildren(h('h2', {id: 'detail-title', tabindex: '-1'},
				 `Lead ${id}`));
	if (!dialog.open)
		dialog.showModal();
	try {
		await load(id, false);
		$('detail-title').focus();
	} catch (error) {
		dialog.append(h('p', {class: 'why'}, error.message),
			h('button', {type: 'button', onclick: closeLead},
			  'Close'));
	}
}

function closeLead() {
	$('detail').close();
}

/* The address of the page says which lead is open: it can be sent on, and Back
 * closes it. */
function route() {
	const id = Number(/^#lead=(\d+)$/.exec(location.hash)?.[1]);
	if (id)
		show(id);
	else if ($('detail').open)
		$('detail').close();
}

export function setUpDetail(mayReveal, changed) {
	shown.may = mayReveal;
	shown.changed = changed;
	const dialog = $('detail');
	dialog.addEventListener('click', (e) => {
		if (e.target === dialog)
			closeLead();
	});
	dialog.addEventListener('close', () => {
		shown.id = null;
		shown.reveal = false;
		dialog.replaceChildren();
		if (location.hash.startsWith('#lead='))
			history.replaceState(null, '', '#leads');
		shown.from?.focus?.();
	});
	addEventListener('hashchange', route);
	route();
}
