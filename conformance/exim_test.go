package conformance

import (
	"encoding/json"
	"testing"
)

func TestExim(t *testing.T) {
	runArea(t, "exim", func(t *testing.T, raw json.RawMessage) error { return errNotYet })
}
