package control

import "github.com/seed282dab8e/servent/servent"

// apiVersion stands in every path: a servent of another version answers 404.
const apiVersion = "/v1"

// host is what a client names as the HTTP host. A browser that was led here
// would name another.
const host = "servent"

// jsonType is what a request's body must be said to be: a form that a web page
// may send to other sites unasked cannot say it.
const jsonType = "application/json"

// folder is the request of share and unshare; Dir is absolute.
type folder struct {
	Dir string `json:"dir"`
}

// ownQuery is the request of own, and ownCount its answer.
type (
	ownQuery struct {
		Query string `json:"query"`
	}
	ownCount struct {
		Files int `json:"files"`
	}
)

// line is one line of a stream. One field is set.
type line struct {
	Found    *servent.Found       `json:"found,omitempty"`
	Progress *servent.GetProgress `json:"progress,omitempty"`
	Got      *servent.Got         `json:"got,omitempty"`
	Scan     *servent.ScanInfo    `json:"scan,omitempty"`
	Shared   *Shared              `json:"shared,omitempty"`

	Download *servent.DownloadInfo `json:"download,omitempty"`
	Done     bool                  `json:"done,omitempty"`
	Error    string                `json:"error,omitempty"`
	Kind     string                `json:"kind,omitempty"`
}

// detached is the request of detach.
type detached struct {
	Requests []servent.GetRequest `json:"requests"`
}

// Shared is a folder that was added to a servent that runs.
type Shared struct {
	Share   servent.ShareInfo `json:"share"`
	LeftOut []servent.LeftOut `json:"left_out"` // of a great many, some
}

// Version is the servent that runs.
type Version struct {
	Version string `json:"version"`
	PID     int    `json:"pid"`
	Command string `json:"command,omitempty"` // that it runs for and ends with; empty: it runs until it is stopped
}
