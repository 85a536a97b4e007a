// Package postmap compiles Postfix lookup tables (postmap(1), access(5),
// cidr_table(5), regexp_table(5), pcre_table(5)) from their source text.
//
//	t, err := postmap.Parse("hash", "/etc/postfix/access", text)
//	value, ok := t.Lookup([]byte("example.com"))
//
// The functions most callers want are [Parse] for one text, [Loader.Load] for
// a "type:name" as it stands in main.cf (it reads files through the caller's
// function, knows the forms that hold their content in the name, and hands
// types it does not know, such as mysql, to the caller), and [Find], which also
// reports the lookups that could not be completed.
//
// # Types
//
//	hash btree lmdb dbm cdb texthash   key and value, fixed keys
//	cidr                               networks, with if/endif and !; also cidr:{ {rule} ... }
//	regexp pcre                        patterns, with if/endif, ! and $1; also pcre:{ {rule} ... }
//	inline:{ key=value, { key = text } }
//	static:value  static:{ text }
//	unionmap:{ type:name, ... }        all results, joined with ","
//	pipemap:{ type:name, ... }         each result is the key of the next table
//	randmap:{ value, ... }             one of the values
//	fail:reason                        every lookup fails
//	proxy:type:name  debug:type:name   the table behind it
//
// # Keys
//
// Tables with fixed keys fold keys to lower case, in the text and in the
// lookup. The others get the key as it is. A table for which [Table.Pattern]
// is true must be asked with the full key only, never with a parent domain, a
// network prefix or another part of it.
//
// # Mistakes
//
// Postfix skips a line it cannot read and goes on with a warning; so does this
// package. [Warnings] returns them with file, line and advice, for a caller
// that is stricter and for linters. Parse itself fails for what makes Postfix
// refuse the table: a duplicate key in a texthash text, braces that do not
// close, an unknown type.
//
// # Limits
//
// A regular expression compiles to at most [pcre.MaxProgram] instructions and
// gives up after [pcre.MaxSteps] steps: [Find] then returns an error that is
// [ErrLimit]. Composite tables nest at most [MaxDepth] deep.
//
// Deviation: PCRE's own backtracking limit makes Postfix log a warning and try
// the next rule; here the lookup fails, so that a hostile key cannot jump over
// a rule that would have rejected it.
//
// # Concurrency and memory
//
// A compiled table is an immutable value, safe for concurrent use. A lookup in
// a table with fixed keys, in a cidr table, or in a pattern table whose matching
// rule has no $ in its result does not allocate (a key longer than 256 octets
// with upper-case letters does once).
package postmap
