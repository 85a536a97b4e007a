package conformance

import (
	"encoding/json"
	"testing"
)

func TestTLSPolicy(t *testing.T) {
	runArea(t, "tlspolicy", func(t *testing.T, raw json.RawMessage) error { return errNotYet })
}
