package main

import (
	"fmt"
	"strings"

	"github.com/seed282dab8e/servent/servent"
)

// forwardTexts tells what routers forward to the servent, or why they do not: one text
// where it is the same for both transports; none where no router is asked of itself.
func forwardTexts(p *servent.PortMapping) []string {
	if p.Off != "" {
		return []string{"no: " + p.Off}
	}
	tcp, udp := forwardText(p, &p.TCP), forwardText(p, &p.UDP)
	switch {
	case tcp == udp && tcp == "":
		return nil
	case tcp == udp:
		return []string{"TCP and UDP: " + tcp}
	}
	return []string{"TCP: " + tcp, "UDP: " + udp}
}

func forwardText(p *servent.PortMapping, f *servent.Forwarding) string {
	switch f.State {
	case "asking":
		return "the router is being asked"
	case "failed":
		return "no: " + routerErrors(f.Errors)
	case "denied":
		return fmt.Sprintf("the router says that it forwards %s (%s), but others do not get through", f.Outside, f.Protocol)
	case "mapped":
		text := fmt.Sprintf("the router forwards %s to %s (%s)", f.Outside, p.Inside, f.Protocol)
		if f.DoubleNAT {
			text += ", but that address is no public one: another router stands before it"
		}
		return text
	}
	return ""
}

// routerErrors writes what each protocol said, those that said the same together.
func routerErrors(errs []servent.RouterError) string {
	var parts []string
	for i, e := range errs {
		names := []string{e.Protocol}
		for j, o := range errs {
			switch {
			case o.Error != e.Error || j == i:
			case j < i: // told with that
				names = nil
			case names != nil:
				names = append(names, o.Protocol)
			}
		}
		if names != nil {
			parts = append(parts, e.Error+" ("+strings.Join(names, ", ")+")")
		}
	}
	return strings.Join(parts, "; ")
}
