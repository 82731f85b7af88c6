'use strict';
// Sphinx puts this beside its own search, which finds; this says in which order the results come, and that each place comes once.

const GREEK = {
    α: 'alpha', β: 'beta', γ: 'gamma', δ: 'delta', ε: 'epsilon', ϵ: 'epsilon', ζ: 'zeta', η: 'eta', θ: 'theta', κ: 'kappa',
    λ: 'lambda', μ: 'mu', ν: 'nu', ρ: 'rho', σ: 'sigma', τ: 'tau', φ: 'phi', χ: 'chi', ψ: 'psi', ω: 'omega',
};

// As it is in code and in the index: β₂ and \beta_2 are beta2.
const inLatin = (words) => words.normalize('NFKC').toLowerCase().replace(/’/g, "'")
    .replace(/[α-ωϵ]/g, (letter) => GREEK[letter] ?? letter)
    .replace(/\\?\b(alpha|beta|eta|gamma|rho)_(\d)/g, '$1$2');

splitQuery = (query) => inLatin(query).split(/[^\p{L}\p{N}_]+/u).filter(Boolean);

const asked = inLatin(new URLSearchParams(location.search).get('q') ?? '').trim();
// The words that were asked for, whole: 10.1 is not in 10.12, and adagrad not in rules.adagrad.
const within = new RegExp(`(?<![\\p{L}\\p{N}._])${asked.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}(?![\\p{L}\\p{N}_]|\\.\\d)`, 'u');

// A title as the reader sees it, without the brackets around an equation's number unless they were asked for.
const shown = (title) => {
    const words = inLatin(title.replace(/<[^>]*>/g, ''));
    return asked.includes('(') ? words : words.replace(/\((\d+\.\d+)\)/, '$1');
};

// The title with its parts: the number, the name behind it, the section behind the chapter.
const parts = (title) => {
    const words = shown(title);
    return [words, ...words.split(/^\d+\. | > |: |, | \(|\)$|\.(?=[a-z])/)];
};

// What single words in a title are worth, numbers aside. Of two titles with as many, the one with the earlier words is meant.
const single = splitQuery(asked).filter((word) => !/^\d+$/.test(word));
const wordsWithin = (title) => {
    const words = new Set(splitQuery(title));
    return single.reduce((sum, word, k) => sum + (words.has(word) ? 3 - k / 10 : 0), 0);
};

const KINDS_OF_PAGES = [[/^book\/[1-4]-/, 6], [/^book\/appendix\/glossary/, -10], [/^book\/appendix\/api/, -20]];

Object.assign(Scorer, {
    score: ([docname, title, , , score]) => {
        const named = parts(title).includes(asked) ? 40 : within.test(shown(title)) ? 20 : Math.min(wordsWithin(shown(title)), 10);
        const kind = KINDS_OF_PAGES.find(([name]) => name.test(docname))?.[1] ?? 0;
        return Math.min(score, 16) + named + kind;
    },
});

// The last result is shown first. Those that nothing tells apart come in the book's order: chapter 2 before chapter 10.
const inOrder = (results) => {
    const alike = [];
    for (const result of results) {
        if (alike.at(-1)?.[0][4] === result[4]) alike.at(-1).push(result);
        else alike.push([result]);
    }
    return alike.flatMap((some) => some.sort(([, one], [, other]) => other.localeCompare(one, 'en', { numeric: true })));
};

const find = Search._performSearch;
Search._performSearch = (...query) => {
    const seen = new Set();
    const once = ([docname, title, anchor, about, ...rest]) => {
        const [page, section] = title.split(/ > (?!.*<)/);
        const whole = section && page.endsWith(`>${section}`);
        const result = [docname, whole ? page : title, whole ? '' : anchor, about?.replace(/^, /, '') ?? null, ...rest];
        const same = [docname + result[2], docname + result[1]];
        const known = same.some((mark) => seen.has(mark));
        same.forEach((mark) => seen.add(mark));
        return known ? [] : [result];
    };
    return inOrder(find(...query)).reverse().flatMap(once).reverse();
};

Documentation.addTranslations({
    messages: {
        'Search finished, found ${resultCount} page(s) matching the search query.': 'Search finished. Results: ${resultCount}.',
        "Your search did not match any documents. Please make sure that all words are spelled correctly and that you've selected enough categories.":
            'Nothing was found. Every word has to be on the page: try fewer words or another spelling, or look in the index.',
    },
    plural_expr: 'n != 1',
    locale: 'en',
});
