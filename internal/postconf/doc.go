// Package postconf reads Postfix main.cf and master.cf text (postconf(5),
// master(5)): logical lines, parameter expansion, per-service overrides and
// lists, each with its position.
//
//	main, err := postconf.ParseMain("main.cf", text)
//	services, err := postconf.ParseMaster("master.cf", text)
//	conf := main.With(services.Find("submission", "inet").Overrides)
//	value, err := conf.Get("smtpd_recipient_restrictions") // $names expanded
//
// The functions most callers want are [ParseMain], [Config.Get] and, for the
// elements of a list, [Fields] or [Lists.Items].
//
// # Expansion
//
// $name, ${name} and $(name) stand for the value of a parameter, expanded in
// its turn; $$ is a dollar. A parameter that is not set takes the value of
// [Config.Default], else it is empty. ${name?text} and ${name:text} give text
// when the value is not empty, or empty; ${name?{text}:{text}} has both.
// ${{a} == {b} ? {text} : {text}} compares, with the operators == != < <= > >=
// (as numbers when both sides are numbers) and ==level !=level <level <=level
// >level >=level for compatibility levels such as 3.6.
//
// # Lists
//
// Elements are separated by commas and white space; {...} keeps an element
// together. In address and domain lists an element may be negated with "!", a
// name that starts with "/" is a file whose lines are taken in its place, and
// type:name is a lookup table.
//
// # Mistakes and limits
//
// A line that makes Postfix refuse to start is an error of the parser; all of
// them are reported, joined. What Postfix only warns about (a parameter set
// twice) is in [Config.Warnings]. Expansion nests at most [MaxDepth] deep and
// yields at most [MaxExpansion] octets; included files nest at most
// [MaxIncludes] deep. Every error is an [*Error] with file, line and advice.
//
// # Concurrency
//
// A Config, a Services value and a Lists value are immutable after they were
// built, and safe for concurrent use.
package postconf
