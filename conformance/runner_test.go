package conformance

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"testing"
)

// A runner runs one recorded case. It reports what differs with t.Errorf and
// returns a non-nil error only for a case it cannot run at all, which counts
// as a failure unless the area's skips.md lists the case.
type runner func(t *testing.T, raw json.RawMessage) error

// errNotYet marks an area whose package does not exist yet: its cases count as
// skipped, never as passed.
var errNotYet = errors.New("not implemented by this version")

// maxLine bounds one case; the largest recorded message is about 300 kB.
const maxLine = 16 << 20

// runArea runs every case of an area, each as a subtest named by its id, and
// prints the summary line. Cases come from cases/<area>/*.jsonl and, when
// MAILSEC_CASES is set, from <area>/*.jsonl below that directory.
func runArea(t *testing.T, area string, run runner) {
	t.Helper()
	files := caseFiles(t, area)
	skips := readSkips(t, area)
	var total, passed, failed, skipped int
	seen := map[string]int{}
	for _, file := range files {
		before := total
		eachCase(t, file, func(id string, raw json.RawMessage) {
			total++
			why, skip := skips[id]
			if seen[id]++; seen[id] > 1 {
				id = fmt.Sprintf("%s#%d", id, seen[id])
			}
			outcome := "fail"
			t.Run(id, func(t *testing.T) {
				defer func() {
					if t.Failed() {
						outcome = "fail"
					}
				}()
				if skip {
					outcome = "skip"
					t.Skip(why)
				}
				err := run(t, raw)
				switch {
				case errors.Is(err, errNotYet):
					outcome = "skip"
					t.Skip(err)
				case err != nil:
					t.Errorf("case cannot be run: %v", err)
				default:
					outcome = "pass"
				}
			})
			switch outcome {
			case "pass":
				passed++
			case "skip":
				skipped++
			default:
				failed++
			}
		})
		if total == before {
			t.Errorf("%s holds no case", file)
		}
	}
	if total == 0 {
		t.Errorf("area %s: no case found", area)
	}
	fmt.Printf("%s: %d cases, %d passed, %d failed, %d skipped\n", area, total, passed, failed, skipped)
}

// caseFiles lists the case files of an area: ours, then those below MAILSEC_CASES.
func caseFiles(t *testing.T, area string) []string {
	t.Helper()
	own, err := filepath.Glob(filepath.Join("cases", area, "*.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	dir := os.Getenv("MAILSEC_CASES")
	if dir == "" {
		return own
	}
	// go test runs in the package directory; a relative name is meant from
	// where the command was typed, usually the top of the repository.
	if _, err := os.Stat(dir); err != nil && !filepath.IsAbs(dir) {
		dir = filepath.Join("..", dir)
	}
	all, err := filepath.Glob(filepath.Join(dir, "*", "*.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	if len(all) == 0 {
		t.Fatalf("MAILSEC_CASES=%s: no <area>/*.jsonl there", os.Getenv("MAILSEC_CASES"))
	}
	for _, f := range all {
		if filepath.Base(filepath.Dir(f)) == area {
			own = append(own, f)
		}
	}
	return own
}

func eachCase(t *testing.T, file string, f func(id string, raw json.RawMessage)) {
	t.Helper()
	r, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	sc := bufio.NewScanner(r)
	sc.Buffer(make([]byte, 1<<20), maxLine)
	for n := 1; sc.Scan(); n++ {
		line := bytes.TrimSpace(sc.Bytes())
		if len(line) == 0 {
			continue
		}
		var head struct {
			ID string `json:"id"`
		}
		if err := json.Unmarshal(line, &head); err != nil {
			t.Fatalf("%s:%d: %v", file, n, err)
		}
		if head.ID == "" {
			head.ID = fmt.Sprintf("%s:%d", filepath.Base(file), n)
		}
		f(head.ID, json.RawMessage(bytes.Clone(line)))
	}
	if err := sc.Err(); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}

// readSkips reads cases/<area>/skips.md: a list item `- id: reason` per case.
func readSkips(t *testing.T, area string) map[string]string {
	t.Helper()
	skips := map[string]string{}
	b, err := os.ReadFile(filepath.Join("cases", area, "skips.md"))
	if errors.Is(err, os.ErrNotExist) {
		return skips
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Split(string(b), "\n") {
		item, ok := strings.CutPrefix(line, "- ")
		if !ok {
			continue
		}
		id, why, ok := strings.Cut(item, ":")
		why = strings.TrimSpace(why)
		if !ok || why == "" {
			t.Errorf("cases/%s/skips.md: %q gives no reason", area, line)
			continue
		}
		skips[strings.Trim(id, "` ")] = why
	}
	return skips
}

// decode unmarshals a case into v and fails the test when it does not fit.
func decode(t *testing.T, raw json.RawMessage, v any) {
	t.Helper()
	if err := json.Unmarshal(raw, v); err != nil {
		t.Fatalf("bad case: %v", err)
	}
}

// sortedStrings returns a sorted copy.
func sortedStrings(s []string) []string {
	s = append([]string(nil), s...)
	sort.Strings(s)
	return s
}
