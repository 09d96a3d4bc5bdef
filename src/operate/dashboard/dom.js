// SPDX-License-Identifier: MIT
// Building blocks: elements, times and numbers as people read them, lists that
// keep their elements. Data only ever becomes text, never markup.

const SVG = 'http://www.w3.org/2000/svg';

export const $ = (id) => document.getElementById(id);

function fill(element, props, children) {
	for (const [name, value] of Object.entries(props ?? {})) {
		if (value === null || value === undefined || value === false)
			continue;
		if (name.startsWith('on'))
			element.addEventListener(name.slice(2), value);
		else
			element.setAttribute(name, value === true ? '' : value);
	}
	element.append(...children.flat(3).filter(
		(c) => c !== null && c !== undefined && c !== false));
	return element;
}

/** h('p', {class: 'x', onclick: f}, 'text', element, [more]) */
export const h = (tag, props, ...children) =>
	fill(document.createElement(tag), props, children);
export const svg = (tag, props, ...children) =>
	fill(document.createElementNS(SVG, tag), props, children);

/* ---- what people read ----------------------------------------------------- */

let ahead_ms = 0; // of the daemon's clock before ours

export function learnClock(text) {
	ahead_ms = Date.parse(text) - Date.now();
}

export const now = () => Date.now() + ahead_ms;

const UNITS = [[86400, 'd'], [3600, 'h'], [60, 'min'], [1, 's']];

/** 75 -> "1 min 15 s", 5400 -> "1 h 30 min" */
export function duration(seconds) {
	let left = Math.max(0, Math.round(seconds));
	const words = [];
	for (const [size, unit] of UNITS) {
		const n = Math.floor(left / size);
		if (n > 0 || (unit === 's' && words.length === 0))
			words.push(`${n} ${unit}`);
		left -= n * size;
		if (words.length === 2)
			break;
	}
	return words.filter((w) => !w.startsWith('0 ')).join(' ') || '0 s';
}

export const milliseconds = (ms) =>
	ms < 1000 ? `${number(ms)} ms` : duration(ms / 1000);

function relative(at) {
	const s = Math.round((now() - at) / 1000);
	const n = Math.abs(s);
	if (n < 5)
		return 'just now';
	const [size, unit] = UNITS.find(([u]) => n >= u);
	const text = `${Math.floor(n / size)} ${unit}`;
	return s > 0 ? `${text} ago` : `in ${text}`;
}

const LONG = new Intl.DateTimeFormat(undefined, {
	dateStyle: 'medium', timeStyle: 'medium'});
const CLOCK = new Intl.DateTimeFormat(undefined, {
	hour: '2-digit', minute: '2-digit', hourCycle: 'h23'});

export const clock = (ms) => CLOCK.format(ms);

/** "5 min ago", the whole of it as title; kept up to date. */
export function when(text) {
	if (!text)
		return h('span', {class: 'none'}, 'never');
	const at = Date.parse(text);
	return h('time', {datetime: text, title: LONG.format(at)},
		 relative(at));
}

setInterval(() => {
	for (const t of document.querySelectorAll('time[datetime]')) {
		const text = relative(Date.parse(t.dateTime));
		if (t.textContent !== text)
			t.textContent = text;
	}
}, 5000);

const NUMBERS = new Intl.NumberFormat();
export const number = (n) => NUMBERS.format(n ?? 0);
export const plural = (n, one, many) => `${number(n)} ${n === 1 ? one : many}`;

const REASONS = {
	paused: 'paused by hand',
	timeout: 'no answer in time',
	http_400: 'the CRM calls it malformed (400)',
	http_401: 'the CRM refuses our key (401)',
	http_403: 'the CRM forbids it to our key (403)',
	http_404: 'nothing is there at this URL (404)',
	http_409: 'the CRM has another lead under this key (409)',
	http_413: 'too large for the CRM (413)',
	http_422: 'the CRM finds the lead invalid (422)',
	http_429: 'too fast for the CRM (429)',
};

export function reason(word) {
	if (!word)
		return '';
	const status = /^http_(\d{3})$/.exec(word);
	return REASONS[word] ??
		(status ? `the CRM answered ${status[1]}`
			: word.replaceAll('_', ' '));
}

const TONES = {
	delivered: 'good', ok: 'good', waiting: 'busy', fetching: 'busy',
	sending: 'busy', limited: 'warn', parked: 'bad', broken: 'bad',
	paused: 'warn', dead: 'bad', quarantined: 'warn',
};

export const chip = (word, tone) =>
	h('span', {class: `chip ${tone ?? TONES[word] ?? 'plain'}`}, word);

/* ---- lists ---------------------------------------------------------------- */

/** Makes the children of parent those of rows. An element whose row has not
 * changed stays, with its focus and selection. */
export function keyed(parent, rows, key, make) {
	const old = new Map([...parent.children].map((e) => [e.dataset.key, e]));
	const focused = parent.contains(document.activeElement)
		? document.activeElement : null;
	const held = focused?.closest('[data-key]')?.dataset.key;
	const act = focused?.dataset.act;
	let at = parent.firstElementChild;
	for (const row of rows) {
		const id = String(key(row));
		const text = JSON.stringify(row);
		let element = old.get(id);
		if (!element || element.dataset.row !== text) {
			const next = make(row, element === undefined);
			next.dataset.key = id;
			next.dataset.row = text;
			if (element) {
				if (at === element)
					at = next;
				element.replaceWith(next);
			}
			element = next;
		}
		old.delete(id);
		if (element === at)
			at = at.nextElementSibling;
		else
			parent.insertBefore(element, at);
	}
	for (const gone of old.values())
		if (gone.parentNode === parent)
			gone.remove();
	if (focused && !document.contains(focused))
		again(parent, held, act);
}

/* The element with the focus was replaced, or its row is gone. */
function again(parent, held, act) {
	const row = [...parent.children].find((e) => e.dataset.key === held);
	const same = act && row?.querySelector(`[data-act="${act}"]`);
	const next = same ?? parent.querySelector('[data-act]');
	next?.focus();
}

/** A table whose cells know the head of their column, for narrow screens. */
export function table(label, heads, kind = null) {
	const body = h('tbody', {role: 'rowgroup'});
	const element = h('table', {role: 'table', 'aria-label': label,
					 class: kind},
		h('thead', {role: 'rowgroup'}, h('tr', {role: 'row'},
			heads.map((text) => h('th', {
				scope: 'col', role: 'columnheader',
			}, text ? text : h('span', {class: 'unseen'},
				'Actions'))))),
		body);
	return {element, body, heads};
}

/** classes: of the cells, where a list lays them out by itself. */
export const row = (heads, props, cells, classes = []) =>
	h('tr', {role: 'row', ...props}, cells.map((cell, i) =>
		h('td', {role: 'cell', 'data-head': heads[i],
			 class: heads[i] ? classes[i] : 'acts'}, cell)));

export const empty = (title, ...text) =>
	h('div', {class: 'empty'}, h('p', {class: 'empty-title'}, title),
	  text.map((t) => h('p', {}, t)));

/* ---- small things --------------------------------------------------------- */

export function toast(text, tone = 'good') {
	const element = h('p', {class: `toast ${tone}`}, text);
	$('toasts').append(element);
	setTimeout(() => element.remove(), tone === 'bad' ? 9000 : 4500);
}

/** A button that does something once, and says so while it does. */
export function action(text, act, {name, tone = '', sure, busy = '…'} = {}) {
	let asked;
	const button = h('button', {
		type: 'button', class: tone, 'data-act': text,
		'aria-label': name,
	}, text);
	button.addEventListener('click', async (event) => {
		event.stopPropagation();
		if (sure && !asked) {
			asked = setTimeout(() => {
				asked = undefined;
				button.textContent = text;
			}, 4000);
			button.textContent = sure;
			return;
		}
		button.disabled = true;
		button.textContent = busy;
		try {
			await act();
		} catch (error) {
			toast(error.message, 'bad');
		}
		button.disabled = false;
		button.textContent = text;
		asked = clearTimeout(asked);
	});
	return button;
}

export async function copy(text) {
	try {
		await navigator.clipboard.writeText(text);
		toast('Copied');
	} catch {
		toast('The browser does not let this page copy', 'bad');
	}
}
