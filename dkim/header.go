package dkim

// Header returns the octets of the header without the empty line after it, and
// nil before the header is complete. They must not be changed.
func (w *VerifyWriter) Header() []byte {
	if w.header == nil {
		return nil
	}
	return w.header.Raw
}
