package protocol

// VendorType says what a vendor message is about, whatever its version.
type VendorType uint8

// The vendor messages that are known (section 14).
const (
	VendorUnknown           VendorType = iota
	VendorMessagesSupported            // null/0: see ParseMessagesSupported
	VendorFeaturesSupported            // null/10: see ParseFeaturesSupported
	VendorHopsFlow                     // BEAR/4: see Vendor.HopsFlow
	VendorConnectBack                  // BEAR/7: see Vendor.ConnectBack
	VendorUDPConnectBack               // GTKG/7: see Vendor.ConnectBack
	VendorStatusRequest                // BEAR/11: asks for a VendorQueryStatus
	VendorQueryStatus                  // BEAR/12: see Vendor.QueryStatus
	VendorProxyRequest                 // LIME/21: asks for a VendorProxyAck
	VendorProxyAck                     // LIME/22: see Vendor.ProxyAck
	VendorProxyCancel                  // GTKG/21: see NewProxyCancel
	VendorCrawlPing                    // LIME/5: see Vendor.CrawlPing
	VendorCrawlPong                    // LIME/6: see Vendor.CrawlPong
	VendorHitsWanted                   // LIME/11: see Vendor.HitsWanted
	VendorHitsReady                    // LIME/12: see Vendor.HitsReady
	VendorHeadPing                     // LIME/23: see Vendor.HeadPing
	VendorHeadPong                     // LIME/24: see Vendor.HeadPong
	VendorNeighbours                   // SRVT/1, ours: see Vendor.Neighbours
	VendorListOffer                    // SRVT/2, ours: see Vendor.ListOffer
	VendorListAnswer                   // SRVT/3, ours: see Vendor.ListAnswer
	VendorListPart                     // SRVT/4, ours: see Vendor.ListPart
	VendorPlaces                       // SRVT/5, ours: see Vendor.Places
	VendorCandidate                    // SRVT/6, ours: see Vendor.Candidate
	VendorProbe                        // SRVT/7, ours: see Vendor.Probe
	VendorProbeData                    // SRVT/8, ours: see Vendor.ProbeData
	VendorCalled                       // SRVT/9, ours: see Vendor.Called
	VendorPromote                      // SRVT/10, ours: see Vendor.Promote
	VendorHandOver                     // SRVT/11, ours: see Vendor.HandOver
	vendorTypes
)

// ID returns the id of the message in the version that this package writes, the
// zero value for VendorUnknown.
func (t VendorType) ID() MessageID {
	switch t {
	case VendorMessagesSupported:
		return MessageID{Selector: 0}
	case VendorFeaturesSupported:
		return MessageID{Selector: 10}
	case VendorHopsFlow:
		return MessageID{[4]byte{'B', 'E', 'A', 'R'}, 4, 1}
	case VendorConnectBack:
		return MessageID{[4]byte{'B', 'E', 'A', 'R'}, 7, 1}
	case VendorUDPConnectBack:
		return MessageID{[4]byte{'G', 'T', 'K', 'G'}, 7, 2}
	case VendorStatusRequest:
		return MessageID{[4]byte{'B', 'E', 'A', 'R'}, 11, 1}
	case VendorQueryStatus:
		return MessageID{[4]byte{'B', 'E', 'A', 'R'}, 12, 1}
	case VendorProxyRequest:
		return MessageID{[4]byte{'L', 'I', 'M', 'E'}, 21, 2}
	case VendorProxyAck:
		return MessageID{[4]byte{'L', 'I', 'M', 'E'}, 22, 2}
	case VendorProxyCancel:
		return MessageID{[4]byte{'G', 'T', 'K', 'G'}, 21, 1}
	case VendorCrawlPing:
		return MessageID{[4]byte{'L', 'I', 'M', 'E'}, 5, 1}
	case VendorCrawlPong:
		return MessageID{[4]byte{'L', 'I', 'M', 'E'}, 6, 1}
	case VendorHitsWanted:
		return MessageID{[4]byte{'L', 'I', 'M', 'E'}, 11, 3}
	case VendorHitsReady:
		return MessageID{[4]byte{'L', 'I', 'M', 'E'}, 12, 3}
	case VendorHeadPing:
		return MessageID{[4]byte{'L', 'I', 'M', 'E'}, 23, 1}
	case VendorHeadPong:
		return MessageID{[4]byte{'L', 'I', 'M', 'E'}, 24, 1}
	case VendorNeighbours:
		return MessageID{[4]byte{'S', 'R', 'V', 'T'}, 1, 1}
	case VendorListOffer:
		return MessageID{[4]byte{'S', 'R', 'V', 'T'}, 2, 1}
	case VendorListAnswer:
		return MessageID{[4]byte{'S', 'R', 'V', 'T'}, 3, 1}
	case VendorListPart:
		return MessageID{[4]byte{'S', 'R', 'V', 'T'}, 4, 1}
	case VendorPlaces:
		return MessageID{[4]byte{'S', 'R', 'V', 'T'}, 5, 1}
	case VendorCandidate:
		return MessageID{[4]byte{'S', 'R', 'V', 'T'}, 6, 1}
	case VendorProbe:
		return MessageID{[4]byte{'S', 'R', 'V', 'T'}, 7, 1}
	case VendorProbeData:
		return MessageID{[4]byte{'S', 'R', 'V', 'T'}, 8, 1}
	case VendorCalled:
		return MessageID{[4]byte{'S', 'R', 'V', 'T'}, 9, 1}
	case VendorPromote:
		return MessageID{[4]byte{'S', 'R', 'V', 'T'}, 10, 1}
	case VendorHandOver:
		return MessageID{[4]byte{'S', 'R', 'V', 'T'}, 11, 1}
	}
	return MessageID{}
}

// with returns the message of type t that holds data.
func (t VendorType) with(data ...byte) Vendor {
	m := t.ID()
	return Vendor{m.Code, m.Selector, m.Version, data}
}

// Type returns what v is about, VendorUnknown if this package does not know.
func (v Vendor) Type() VendorType {
	for t := VendorUnknown + 1; t < vendorTypes; t++ {
		if m := t.ID(); m.Code == v.Code && m.Selector == v.Selector {
			return t
		}
	}
	return VendorUnknown
}
