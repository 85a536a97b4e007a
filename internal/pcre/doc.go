// Package pcre compiles and matches the patterns of Postfix pcre and regexp
// tables: the syntax of PCRE2 (pcre2pattern(3)), and POSIX extended and basic
// expressions with the GNU escapes.
//
// The functions callers want are [Compile], [Regexp.Match] and
// [Regexp.Groups].
//
// A pattern that the standard library can express is matched by it, in linear
// time. The others (lookaround, back references, atomic groups and possessive
// quantifiers, conditions, calls of groups, \K, \R) run on a backtracking
// matcher that gives up with [ErrSteps] after [MaxSteps] steps, so neither a
// hostile pattern nor a hostile text takes more than a few milliseconds or a
// few megabytes.
//
// Text is UTF-8, an invalid octet counts as one character. Classes such as \w
// and [:alpha:] are ASCII; case is folded by Unicode's simple rules.
//
// Not supported, and refused by Compile with [Error.Unsupported] set: \X, \C,
// \N{U+...}, (?J), backtracking verbs other than (*FAIL), conditions on
// recursion and on the version. Callouts do nothing.
//
// Deviation: POSIX expressions find the leftmost-longest match, but groups
// inside it are those of the first way to reach it, and an expression with a
// back reference or \< finds the leftmost-first match. This is visible only in
// what $1 stands for.
//
// A Regexp is safe for concurrent use.
package pcre
