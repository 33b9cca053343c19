package overlay

import (
	"strings"
	"testing"
	"time"

	"github.com/seed282dab8e/servent/protocol"
)

func TestConfigDefaults(t *testing.T) {
	c := testConfig()
	c.setDefaults()
	if c.Role != RoleFlat || c.Links != 4 || c.MaxLinks != 32 || c.TTL != 7 || c.ForeignTTL != 4 || c.Agent != "Servent" ||
		c.MaxQueue != 512<<10 || c.RouteLife != 10*time.Minute || c.AliveTimeout != 127*time.Second {
		t.Errorf("defaults of a flat node: %+v", c)
	}
	c = testConfig()
	c.Role = RoleLeaf
	c.setDefaults()
	if c.Links != 3 || c.MaxLinks != 3 {
		t.Errorf("a leaf wants %d links and takes %d", c.Links, c.MaxLinks)
	}
	c = testConfig()
	c.MaxLinks, c.TTL = 2, 3
	c.setDefaults()
	if c.Links != 2 || c.TTL != 3 {
		t.Errorf("with MaxLinks 2 and TTL 3: Links %d, TTL %d", c.Links, c.TTL)
	}
}

// TestConfigValidate changes one field at a time: to the limit, and past it.
func TestConfigValidate(t *testing.T) {
	tests := []struct {
		name   string
		change func(*Config)
		want   string // part of the error; empty: none
	}{
		{"defaults", func(*Config) {}, ""},
		{"no ID", func(c *Config) { c.ID = protocol.GUID{} }, "ID is missing"},
		{"no Rand", func(c *Config) { c.Rand = nil }, "Rand is missing"},
		{"no such role", func(c *Config) { c.Role = RoleSupernode + 1 }, "no role"},
		{"TTL at the limit", func(c *Config) { c.TTL = HardTTL }, ""},
		{"TTL past it", func(c *Config) { c.TTL = HardTTL + 1 }, "TTL 16"},
		{"ForeignTTL at the limit", func(c *Config) { c.ForeignTTL = HardTTL }, ""},
		{"ForeignTTL past it", func(c *Config) { c.ForeignTTL = HardTTL + 1 }, "ForeignTTL 16"},
		{"Links at the limit", func(c *Config) { c.Links, c.MaxLinks = 5, 5 }, ""},
		{"Links past it", func(c *Config) { c.Links, c.MaxLinks = 6, 5 }, "Links 6 is over MaxLinks 5"},
		{"negative Links", func(c *Config) { c.Links = -1 }, "negative"},
		{"negative MaxHosts", func(c *Config) { c.MaxHosts = -1 }, "negative"},
		{"negative MaxHits", func(c *Config) { c.MaxHits = -1 }, "negative"},
		{"MaxQueue at the limit", func(c *Config) { c.MaxQueue = 128 << 10 }, ""},
		{"MaxQueue past it", func(c *Config) { c.MaxQueue = 128<<10 - 1 }, "MaxQueue"},
		{"MaxRoutes at the limit", func(c *Config) { c.MaxRoutes = 1<<24 - 1 }, ""},
		{"MaxRoutes past it", func(c *Config) { c.MaxRoutes = 1 << 24 }, "MaxRoutes"},
		{"negative MaxRoutes", func(c *Config) { c.MaxRoutes = -1 }, "MaxRoutes"},
		{"AliveTimeout at the limit", func(c *Config) { c.AliveTimeout = c.KeepAlive + 60*time.Second + 1 }, ""},
		{"AliveTimeout past it", func(c *Config) { c.AliveTimeout = 60 * time.Second }, "AliveTimeout"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := testConfig()
			tt.change(&c)
			n, err := New(startTime, c)
			switch {
			case tt.want == "" && (err != nil || n == nil):
				t.Errorf("refused: %v", err)
			case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want) || !strings.HasPrefix(err.Error(), "overlay config: ")):
				t.Errorf("error %v, want one with %q", err, tt.want)
			}
		})
	}
}

func TestRoles(t *testing.T) {
	for _, r := range []Role{RoleAuto, RoleFlat, RoleLeaf, RoleSupernode} {
		if got, err := ParseRole(r.String()); err != nil || got != r {
			t.Errorf("%s is read as %v, %v", r, got, err)
		}
	}
	if _, err := ParseRole("Flat"); err == nil {
		t.Error(`"Flat" is a role`)
	}
	if n := newBench(t, func(c *Config) { c.Role = RoleAuto }).n; n.Role() != RoleLeaf {
		t.Errorf("auto begins as %s", n.Role())
	}
}
