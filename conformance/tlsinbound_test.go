package conformance

import (
	"encoding/json"
	"testing"
)

func TestTLSInbound(t *testing.T) {
	runArea(t, "tlsinbound", func(t *testing.T, raw json.RawMessage) error { return errNotYet })
}
