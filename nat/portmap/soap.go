package portmap

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"time"

	"github.com/huin/goupnp"
	"github.com/huin/goupnp/dcps/internetgateway2"
	"github.com/huin/goupnp/soap"
)

// Limits of what a router may say over HTTP.
const (
	// maxBody holds the largest descriptions seen (some 20 KB) several times.
	maxBody = 128 << 10
	// maxHead is how large the head of an answer may be.
	maxHead = 8 << 10
	// maxServices is how many connections of one router are tried.
	maxServices = 4
	// webTimeout is for one request: small routers take a second to answer.
	webTimeout = 4 * time.Second
)

// igd is what a router offers for one connection to the world, in whichever version.
type igd interface {
	GetExternalIPAddressCtx(context.Context) (string, error)
	AddPortMappingCtx(ctx context.Context, remote string, outside uint16, protocol string, inside uint16, client string, enabled bool, about string, lease uint32) error
	GetSpecificPortMappingEntryCtx(ctx context.Context, remote string, outside uint16, protocol string) (inside uint16, client string, enabled bool, about string, lease uint32, err error)
	DeletePortMappingCtx(ctx context.Context, remote string, outside uint16, protocol string) error
}

// connection is one of them, and what its HTTP was like.
type connection struct {
	igd
	web *bounded
}

// parseDevice returns the connections that a description of a device names. All must
// be on the machine that it came from.
func parseDevice(b []byte, location *url.URL, host netip.Addr) ([]connection, error) {
	var root goupnp.RootDevice
	d := xml.NewDecoder(bytes.NewReader(b))
	d.DefaultSpace = goupnp.DeviceXMLNamespace
	if err := d.Decode(&root); err != nil {
		return nil, errGarbled
	}
	base := location
	if root.URLBaseStr != "" {
		u, err := url.Parse(root.URLBaseStr)
		if err != nil {
			return nil, errGarbled
		}
		base = u
	}
	root.SetURLBase(base)
	return connections(&root.Device, host)
}

// connections makes clients of what a device offers, at most maxServices.
func connections(d *goupnp.Device, host netip.Addr) (found []connection, err error) {
	err = errClosed
	d.VisitServices(func(s *goupnp.Service) {
		dress := client(s.ServiceType)
		switch {
		case dress == nil || len(found) == maxServices:
		case !s.ControlURL.Ok:
			err = errGarbled
		case on(&s.ControlURL.URL, host) != nil:
			err = errElsewhere
		default:
			web := newBounded()
			c := &soap.SOAPClient{EndpointURL: s.ControlURL.URL, HTTPClient: http.Client{Transport: web, Timeout: webTimeout}}
			found = append(found, connection{dress(goupnp.ServiceClient{SOAPClient: c}), web})
		}
	})
	if len(found) > 0 {
		err = nil
	}
	return found, err
}

// client returns what makes a client of a type of service, nil for those that
// forward no ports.
func client(service string) func(goupnp.ServiceClient) igd {
	switch service {
	case internetgateway2.URN_WANIPConnection_2:
		return func(c goupnp.ServiceClient) igd { return &internetgateway2.WANIPConnection2{ServiceClient: c} }
	case internetgateway2.URN_WANIPConnection_1:
		return func(c goupnp.ServiceClient) igd { return &internetgateway2.WANIPConnection1{ServiceClient: c} }
	case internetgateway2.URN_WANPPPConnection_1:
		return func(c goupnp.ServiceClient) igd { return &internetgateway2.WANPPPConnection1{ServiceClient: c} }
	}
	return nil
}

// bounded asks routers: by no proxy, to where it was told only, and for no more than
// it should. It is for one goroutine.
type bounded struct {
	http.RoundTripper
	err error // of the last request; goupnp makes a text of it
}

func newBounded() *bounded {
	return &bounded{RoundTripper: &http.Transport{
		DisableKeepAlives:      true,
		DisableCompression:     true, // a small answer could become a large one
		MaxResponseHeaderBytes: maxHead,
	}}
}

// RoundTrip reads the body whole, refuses one that is larger than maxBody, and
// refuses to be sent on.
func (t *bounded) RoundTrip(r *http.Request) (a *http.Response, err error) {
	a, err = t.RoundTripper.RoundTrip(r)
	if t.err = err; err != nil {
		return nil, err
	}
	defer a.Body.Close()
	b, err := io.ReadAll(io.LimitReader(a.Body, maxBody+1))
	switch {
	case err != nil:
	case len(b) > maxBody:
		err = errTooLarge
	case a.StatusCode/100 == 3:
		err = errElsewhere
	}
	if t.err = err; err != nil {
		return nil, err
	}
	a.Body, a.ContentLength = io.NopCloser(bytes.NewReader(b)), int64(len(b))
	return a, nil
}

// plain turns an error of one of its actions into words.
func (c connection) plain(ctx context.Context, err error) error {
	var fault *soap.SOAPFaultError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &fault):
		return refusal{UPnP, fault.Detail.UPnPError.Errorcode}
	case c.web.err != nil:
		return plain(ctx, c.web.err)
	}
	return errGarbled
}

// plain turns an error of HTTP into words.
func plain(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	for _, known := range []error{errTooLarge, errElsewhere, errGarbled} {
		if errors.Is(err, known) {
			return known
		}
	}
	var slow net.Error
	var op *net.OpError
	switch {
	case errors.As(err, &slow) && slow.Timeout():
		return errSilent
	case errors.As(err, &op):
		return errClosed
	}
	return errGarbled
}

// describe fetches the description of a device.
func describe(ctx context.Context, location *url.URL, host netip.Addr) ([]connection, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, location.String(), nil)
	if err != nil {
		return nil, errGarbled
	}
	a, err := (&http.Client{Transport: newBounded(), Timeout: webTimeout}).Do(r)
	if err != nil {
		return nil, plain(ctx, err)
	}
	defer a.Body.Close()
	b, err := io.ReadAll(a.Body)
	if err != nil || a.StatusCode != http.StatusOK {
		return nil, errGarbled
	}
	return parseDevice(b, location, host)
}
