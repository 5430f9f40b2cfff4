package watch

import "time"

// A Report is how the bot is, as far as one replica knows.
type Report struct {
	State
	Replicas []Replica // that live, the one that was asked first
	Unknown  int       // replicas that live and did not say how they are in words that can be read
	Store    Store
	Silent   []Silence // of AWS
	Config   Config
}

// A Replica is what one replica says of itself, again and again.
type Replica struct {
	ID       string    `json:"id"`
	Host     string    `json:"host,omitempty"`
	Version  string    `json:"version,omitempty"`
	Began    time.Time `json:"began"`
	Sockets  int       `json:"sockets"`
	Counted  int       `json:"counted"` // as State has it
	Draining bool      `json:"draining,omitempty"`
	Stopped  bool      `json:"stopped,omitempty"` // its record does not check out
	Config   string    `json:"config,omitempty"`  // digest
}

// A Store is what the store says of itself; what it does not say is "".
type Store struct {
	Kind    string // single node, Sentinel, cluster or embedded
	Version string
	Role    string
}

// A Silence is an endpoint of AWS that does not answer, so that it is not asked.
type Silence struct {
	Endpoint string
	Since    time.Time
}

// A Config is the config that a replica goes by.
type Config struct {
	Digest  string
	At      time.Time // when the replica began to
	Refused bool      // the file says something else by now, which cannot be used
}
