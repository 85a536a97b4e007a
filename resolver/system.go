package resolver

import "fmt"

func (c *Config) readSystem() error { return fmt.Errorf("%w: Servers is empty", ErrConfig) }
