// SPDX-License-Identifier: MIT
// Lists of leads: what needs a decision, and all of them by filter and page.

import {
	$, action, chip, empty, h, keyed, number, plural, reason, row, table,
	toast, when,
} from '/assets/dom.js';
import {get, post} from '/assets/api.js';
import {openLead} from '/assets/detail.js';

const PAGE = 50;
const ATTENTION = 20;
const CELLS = ['c-when', 'c-lead', 'c-route', 'c-state', 'c-tries'];

/* ---- one lead in a list --------------------------------------------------- */

export function person(p) {
	const parts = [p?.name, p?.phone, p?.email].filter(Boolean);
	if (parts.length === 0)
		return h('span', {class: 'none'}, 'nobody named');
	return h('div', {class: 'person'}, parts.map(
		(text, i) => h('span', {class: i ? 'hint' : ''}, text)));
}

const route = (l) => h('div', {class: 'route'},
	h('span', {}, l.source ?? '?'),
	l.destination && h('span', {class: 'hint'}, `→ ${l.destination}`));

function stateCell(l) {
	const words = l.state === 'delivered' ? '' : reason(l.reason) ||
		(l.outcome && l.attempts ? reason(l.outcome) : '');
	return h('div', {class: 'line'}, chip(l.state),
		 words && h('span', {class: 'hint'}, words));
}

const opener = (l) => h('a', {
	href: `#lead=${l.id}`, 'data-act': 'open', 'aria-label':
	`Open lead ${l.id}`}, `#${l.id}`);

/** What may be done to a lead in this state, as buttons. */
export function decisions(l, after) {
	const done = (text) => async () => {
		toast(text);
		await after();
	};
	const say = (path, text) => () => post(path).then(done(text));
	if (l.state === 'dead')
		return [action('Retry', say(`leads/${l.id}/retry`,
				`Lead ${l.id} is on its way again`),
			       {name: `Retry lead ${l.id}`, tone: 'main'}),
			action('Bury', say(`leads/${l.id}/bury`,
				`Lead ${l.id} is buried`),
			       {name: `Bury lead ${l.id}`, sure: 'Really?'})];
	if (l.state === 'quarantined')
		return [action('Replay', say(`quarantine/${l.id}/replay`,
				`Request ${l.id} was mapped again`),
			       {name: `Replay ${l.id}`, tone: 'main'}),
			action('Bury', say(`quarantine/${l.id}/bury`,
				`Request ${l.id} is buried`),
			       {name: `Bury ${l.id}`, sure: 'Really?'})];
	return [];
}

/* ---- attention ------------------------------------------------------------ */

const OPEN_HEADS = ['When', 'Lead', 'Route', 'What happened', ''];
let openTable;

async function retryAll(after) {
	let cursor = 0, changed = 0, refused = 0, why;
	do {
		const done = await post('leads/retry?state=dead' +
			(cursor ? `&cursor=${cursor}` : ''));
		changed += done.changed;
		refused += done.refused;
		why = done.why ?? why;
		cursor = done.next_cursor;
	} while (cursor);
	toast(`${plural(changed, 'lead is', 'leads are')} on the way again` +
	      (refused ? `, ${number(refused)} stay: ${why}` : ''));
	await after();
}

function openTools(dead, may, after) {
	if (!may || dead < 2)
		return [];
	return [action('Retry all dead leads', () => retryAll(after),
		       {sure: `Really all ${number(dead)}?`})];
}

export async function showAttention(ledger, may, refresh) {
	const list = $('attention-list');
	const total = ledger.dead + ledger.quarantined;
	if (total === 0) {
		openTable = undefined;
		list.replaceChildren(empty('Nothing needs you.',
			'A lead that the CRM refuses for good, or a request ' +
			'that could not be mapped, would stand here with ' +
			'what to do about it.'));
		return;
	}
	const pages = await Promise.all([
		ledger.dead ? get('leads', {state: 'dead', limit: ATTENTION})
			: {leads: []},
		ledger.quarantined ? get('quarantine', {limit: ATTENTION})
			: {leads: []}]);
	const rows = pages.flatMap((p) => p.leads).sort((a, b) => b.id - a.id);
	if (!openTable) {
		openTable = table('Leads that need a decision', OPEN_HEADS,
				  'list');
		openTable.foot = h('div', {class: 'more'});
		list.replaceChildren(openTable.element, openTable.foot);
	}
	keyed(openTable.body, rows, (l) => l.id, (l) => row(OPEN_HEADS, {}, [
		when(l.received_at), h('div', {class: 'line'}, opener(l),
			person(l.person)), route(l), stateCell(l),
		may ? decisions(l, refresh) : h('span', {class: 'hint'},
			'read only')], CELLS));
	openTable.foot.replaceChildren(...openTools(ledger.dead, may, refresh),
		...(total > rows.length ? [h('span', {class: 'hint'},
			`${number(rows.length)} of ${number(total)} shown`)]
			: []));
}

/* ---- all of them ---------------------------------------------------------- */

const HEADS = ['Received', 'Lead', 'Route', 'State', 'Tries'];
const leads = {table: null, rows: [], cursor: 0, pages: 1, asked: 0};

function filterOf(form) {
	const data = Object.fromEntries(new FormData(form));
	if (data.since === 'range') {
		const iso = (id) => $(id).value
			? new Date($(id).value).toISOString() : '';
		data.since = iso('f-from');
		data.until = iso('f-until');
	}
	return data;
}

function leadRow(l, fresh) {
	return row(HEADS, {
		class: fresh && leads.table.shown ? 'link fresh' : 'link',
		onclick: (e) => e.target.closest('a, button') ||
			getSelection().toString() || openLead(l.id),
	}, [when(l.received_at), h('div', {class: 'line'}, opener(l),
		person(l.person)), route(l), stateCell(l),
	    number(l.attempts)], CELLS);
}

function nothing(filtered) {
	return filtered ? empty('No lead fits.', 'Take a filter away, or ' +
		'look further back.')
		: empty('No lead yet.', 'As soon as a webhook comes in it is ' +
			'here, within a second or two.');
}

function draw() {
	const list = $('leads-list');
	const filtered = Object.values(filterOf($('filter'))).some(Boolean);
	if (leads.rows.length === 0) {
		leads.table = null;
		list.replaceChildren(nothing(filtered));
	} else {
		if (!leads.table) {
			leads.table = table('Leads, newest first', HEADS,
					    'list');
			list.replaceChildren(leads.table.element);
		}
		keyed(leads.table.body, leads.rows, (l) => l.id, leadRow);
		leads.table.shown = true;
	}
	$('leads-status').textContent = leads.rows.length === 0 ? ''
		: `${plural(leads.rows.length, 'lead', 'leads')} shown` +
		(leads.cursor ? ', there are more' : '');
	$('leads-more').hidden = !leads.cursor;
}

/* A page may be empty and yet have a next one: the daemon looks only so long
 * for what fits. */
async function page(filter, cursor, tries = 10) {
	const found = await get('leads', {...filter, limit: PAGE, cursor});
	if (found.leads.length > 0 || !found.next_cursor || tries === 0)
		return found;
	return page(filter, found.next_cursor, tries - 1);
}

/** The newest page, with what was shown below it. */
export async function refreshLeads() {
	const mine = ++leads.asked;
	const filter = filterOf($('filter'));
	const rows = [];
	let cursor = 0;
	for (let i = 0; i < leads.pages; i++) {
		const found = await page(filter, cursor);
		if (mine !== leads.asked)
			return; // another filter was set in the meantime
		rows.push(...found.leads);
		cursor = found.next_cursor;
		if (!cursor)
			break;
	}
	leads.rows = rows;
	leads.cursor = cursor;
	draw();
}

async function more() {
	const mine = leads.asked;
	const found = await page(filterOf($('filter')), leads.cursor);
	if (mine !== leads.asked)
		return;
	leads.rows.push(...found.leads);
	leads.cursor = found.next_cursor;
	leads.pages++;
	draw();
}

/** How many pages are shown: more than two are not refreshed by themselves. */
export const pagesShown = () => leads.pages;

export function offer(id, names) {
	const select = $(id);
	const known = [...select.options].map((o) => o.value).join('\n');
	if (known === ['', ...names].join('\n'))
		return;
	const chosen = select.value;
	select.replaceChildren(h('option', {value: ''}, 'any'),
			       ...names.map((n) => h('option', {}, n)));
	select.value = names.includes(chosen) ? chosen : '';
}

export function setUpLeads(mayReveal, problem) {
	const form = $('filter');
	let timer;
	const changed = () => {
		for (const field of document.querySelectorAll('.range'))
			field.hidden = $('f-since').value !== 'range';
		leads.pages = 1;
		refreshLeads().catch(problem);
	};
	form.addEventListener('input', (e) => {
		clearTimeout(timer);
		timer = setTimeout(changed, e.target.type === 'search' ? 250
			: 0);
	});
	form.addEventListener('reset', () => setTimeout(changed));
	form.addEventListener('submit', (e) => {
		e.preventDefault();
		changed();
	});
	$('leads-more').addEventListener('click', () => more().catch(problem));
	$('leads-new').addEventListener('click', () => {
		$('leads-new').hidden = true;
		changed();
		$('leads').scrollIntoView();
	});
	if (!mayReveal) {
		$('f-text').disabled = true;
		$('f-text').placeholder = 'needs the full token';
	}
}
