// SPDX-License-Identifier: MIT
// The daemon: questions, changes, and the stream of what happens. After a
// restart of the daemon, or a sleep of this machine, the stream is taken up
// again by itself.

import {learnClock} from '/assets/dom.js';

const SILENT_MS = 25000; // the daemon says something every ten seconds
const LATER_MS = [500, 1000, 2000, 4000, 8000];
// A browser has six connections to a host, for all its tabs together.
const UNSEEN_MS = 30000;

export class ApiError extends Error {
	constructor(status, message) {
		super(message);
		this.status = status;
	}
}

async function ask(method, path) {
	let answer;
	try {
		answer = await fetch(path, {
			method, cache: 'no-store',
			headers: method === 'POST' ? {'X-Leadbridge': '1'} : {},
		});
	} catch {
		throw new ApiError(0, 'leadbridge does not answer');
	}
	if (answer.status === 401) {
		location.assign('/login');
		throw new ApiError(401, 'Sign in again');
	}
	const body = await answer.json().catch(() => ({}));
	if (!answer.ok)
		throw new ApiError(answer.status, body.error?.message ??
				   `leadbridge answered ${answer.status}`);
	return body;
}

export const get = (path, params = {}) => {
	const given = Object.entries(params).filter(([, v]) => v);
	const query = new URLSearchParams(given).toString();
	return ask('GET', `/api/v1/${path}${query ? `?${query}` : ''}`);
};

/** null where this daemon has no such path. */
export const getOptional = (path) => get(path).catch((error) => {
	if (error.status === 404)
		return null;
	throw error;
});

/** The page looks again at what may have changed: event "changed". */
export async function post(path) {
	const answer = await ask('POST', `/api/v1/${path}`);
	document.dispatchEvent(new Event('changed'));
	return answer;
}

export async function logout() {
	await fetch('/logout', {method: 'POST',
				headers: {'X-Leadbridge': '1'}});
	location.assign('/login');
}

/** on: {open, lost, status, leads} */
export function listen(on) {
	let source, timer, heard, tries = 0, down = false, asleep = false, doze;

	function later() {
		source?.close();
		if (!down)
			on.lost();
		down = true;
		clearTimeout(timer);
		timer = setTimeout(connect, LATER_MS[
			Math.min(tries++, LATER_MS.length - 1)]);
	}

	async function connect() {
		clearTimeout(timer);
		source?.close();
		try {
			await get('session'); // goes to the login when it is over
		} catch (error) {
			if (error.status !== 401)
				later();
			return;
		}
		source = new EventSource('/api/v1/events');
		heard = Date.now();
		source.onopen = () => {
			tries = 0;
			down = false;
			on.open();
		};
		source.onerror = later;
		source.addEventListener('beat', (e) => {
			heard = Date.now();
			learnClock(JSON.parse(e.data).now);
		});
		for (const name of ['status', 'leads'])
			source.addEventListener(name, (e) => {
				heard = Date.now();
				on[name](JSON.parse(e.data));
			});
	}

	function sleep() {
		asleep = true;
		clearTimeout(timer);
		source?.close();
	}

	document.addEventListener('visibilitychange', () => {
		clearTimeout(doze);
		if (document.hidden)
			doze = setTimeout(sleep, UNSEEN_MS);
		else if (asleep)
			connect();
		asleep = asleep && document.hidden;
	});
	setInterval(() => {
		if (!down && !asleep && Date.now() - heard > SILENT_MS)
			later();
	}, 2000);
	window.addEventListener('online', () => down && connect());
	addEventListener('pagehide', () => source?.close());
	connect();
}
