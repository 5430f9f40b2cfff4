package lab

import "time"

// Options are how a Lab is set up. Zero values are as the comments say.
type Options struct {
	Bot         string        // path of the program; "": it is built
	RedisURL    string        // an empty Redis that may be flushed; "": a redis-server of the Lab's own
	Fsync       string        // its appendfsync; "": always
	Users       int           // of the config; 0: 500
	Accounts    int           // of the config; 0: 100
	Group       int           // members of the user group that may have every account; 0: everybody may, without one
	Connections int           // of each replica; 0: 2
	Replicas    int           // 0: 1
	STS         time.Duration // what STS takes
	Sessions    bool          // MFA sessions are on, and accounts take them
	UsersInfo   int           // how often a minute users.info answers; 0: always
	Far         bool          // Redis can be made to be far away
	Metrics     bool          // the bot tells its metrics
	Profile     bool          // it and the bare loops tell where their CPU goes; with Metrics
	Sentinel    bool          // the Lab's own Redis has a replica and a Sentinel
}

func (o Options) withDefaults() Options {
	for _, d := range []struct {
		field *int
		value int
	}{{&o.Users, 500}, {&o.Accounts, 100}, {&o.Connections, 2}, {&o.Replicas, 1}} {
		if *d.field == 0 {
			*d.field = d.value
		}
	}
	o.Metrics = o.Metrics || o.Profile
	if o.Fsync == "" {
		o.Fsync = "always"
	}
	return o
}
