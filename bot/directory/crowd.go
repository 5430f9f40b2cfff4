package directory

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/slack-go/slack"

	"github.com/assumebot/assumebot/bot/webapi"
	"github.com/assumebot/assumebot/broker"
)

// Slack is asked about one person by users.info, which is Tier 4, 100 a minute. Where many
// wait, as after a start, or Slack wants no more of that, a reader goes through users.list
// beside them, up to a thousand people a page, Tier 2, 20 a minute. What it reads of people
// whom the bot may be asked about is kept in the process, and each who waits looks there
// after each page. The reader ends once nobody waits, or when a page finds fewer of them
// than are asked about one by one for the same; the next one goes on where it ended.
// https://docs.slack.dev/reference/methods/users.info
// https://docs.slack.dev/reference/methods/users.list
// https://docs.slack.dev/apis/web-api/rate-limits

const (
	singleTimeout = 5 * time.Second
	pageTimeout   = 8 * time.Second
	// singlesAtOnce and more than they wait for connections.
	singlesAtOnce = 16
	// manyWait is how many have to wait for the reader to begin beside them.
	manyWait = 10
	// pageSize is below 1,000, which is the most.
	// https://docs.slack.dev/apis/web-api/pagination
	pageSize = 999
	// pageWorth is how many single calls Slack takes in the time of a page.
	pageWorth = 5
	// pagesTried are read before they are judged.
	pagesTried = 2
	// cursorAge is how long a reader may go on where another ended; those before it have
	// been kept as long.
	cursorAge = 5 * time.Minute
	// readWithin bounds one reader, and mostReaders those that one person is looked for by.
	readWithin  = time.Minute
	mostReaders = 2
	// readerRest is how long users.list is left alone after it failed, or was not worth it.
	readerRest = time.Minute
)

// A crowd is those whom Slack is asked about at the same time.
type crowd struct {
	api    *slack.Client
	news   *news
	people *People
	known  func(user string) bool
	now    func() time.Time
	slots  chan struct{} // of single calls

	mu      sync.Mutex
	waiting map[string]bool      // by user ID: who is on no page yet
	reader  *reader              // under way; nil: none is
	pages   int                  // how many were begun
	next    slack.UserPagination // where the last one ended
	nextAt  time.Time            // since when; zero: it was the end of the list
	restTo  time.Time            // after users.list failed
	singly  time.Time            // until when single calls were found to be better
}

// A reader goes through users.list.
type reader struct {
	page chan struct{} // closed after each page, and another takes its place; crowd's mu
}

func newCrowd(d Deps, n *news, p *People) *crowd {
	return &crowd{
		api: d.API, news: n, people: p, known: d.Known, now: d.Now,
		slots: make(chan struct{}, singlesAtOnce), waiting: map[string]bool{},
	}
}

// pagesBegun is how many pages were begun.
func (c *crowd) pagesBegun() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.pages
}

// ask returns what Slack says of user.
func (c *crowd) ask(ctx context.Context, user string) (keptStanding, error) {
	defer c.leave(user)
	for readers := 0; ; {
		if answer, ok := c.people.paged(ctx, user); ok {
			return answer, nil
		}
		c.wait(user)
		page, began := c.join(ctx, readers < mostReaders)
		if began {
			readers++
		}
		var (
			slot   chan<- struct{}
			again  <-chan time.Time
			pause  = c.news.wait(methodPerson)
			end, _ = ctx.Deadline()
		)
		switch {
		case pause == 0:
			slot = c.slots
		case page == nil && time.Until(end) < pause:
			return keptStanding{}, c.news.askable(methodPerson)
		default:
			again = time.After(pause)
		}
		select {
		case slot <- struct{}{}:
			asked := c.now()
			s, err := c.single(ctx, user)
			<-c.slots
			if _, limited := retryAfter(err); !limited {
				return keptStanding{standing: s, asked: asked, left: standingAge}, err
			}
		case <-page:
		case <-again:
		case <-ctx.Done():
			return keptStanding{}, errors.Join(ctx.Err(), c.news.askable(methodPerson))
		}
	}
}

func (c *crowd) wait(user string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.waiting[user] = true
}

func (c *crowd) leave(user string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.waiting, user)
}

// single asks about one person.
func (c *crowd) single(ctx context.Context, user string) (broker.Standing, error) {
	if err := c.news.askable(methodPerson); err != nil {
		return broker.Standing{}, err
	}
	asking, cancel := context.WithTimeout(ctx, singleTimeout)
	defer cancel()
	u, err := c.api.GetUserInfoContext(asking, user)
	if err != nil {
		c.news.limited(ctx, methodPerson, err)
		return broker.Standing{}, webapi.Error(methodPerson, err)
	}
	// On a Grid one person has two IDs, and Slack may answer with the other one.
	// https://docs.slack.dev/reference/objects/user-object
	if u.ID != user && u.Enterprise.ID != user {
		return broker.Standing{}, errors.New("users.info: Slack tells of somebody else")
	}
	return standingOf(u), nil
}

func standingOf(u *slack.User) broker.Standing {
	s := broker.Standing{
		Team: u.TeamID, Teams: u.Enterprise.Teams, Deactivated: u.Deleted, Bot: u.IsBot,
		Guest: u.IsRestricted || u.IsUltraRestricted, Stranger: u.IsStranger,
	}
	if u.Enterprise.ID != "" && u.Enterprise.ID != u.ID {
		s.IDs = []string{u.ID, u.Enterprise.ID}
	}
	return s
}

// join returns the end of the next page that is read, and whether that began a reader;
// nil when nobody reads.
func (c *crowd) join(ctx context.Context, may bool) (page <-chan struct{}, began bool) {
	pause := c.news.wait(methodPerson)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.reader == nil {
		now := c.now()
		asked := pause > 0 || len(c.waiting) >= manyWait && !now.Before(c.singly)
		if !may || !asked || now.Before(c.restTo) || c.news.wait(methodPeople) > 0 {
			return nil, false
		}
		c.reader, began = &reader{page: make(chan struct{})}, true
		go c.read(context.WithoutCancel(ctx)) // it ends by itself within readWithin
	}
	return c.reader.page, began
}

// read goes through pages as long as that is worth it.
func (c *crowd) read(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, readWithin)
	defer cancel()
	found, goesOn := 0, true
	for pages := 1; goesOn; pages++ {
		hits, more, err := c.readPage(ctx)
		found += hits
		worth := pages < pagesTried || found >= pages*pageWorth || c.news.wait(methodPerson) > 0
		goesOn = err == nil && more && worth
		c.turn(goesOn, worth, err)
	}
}

// turn says that a page was read, or was the last.
func (c *crowd) turn(goesOn, worth bool, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	close(c.reader.page)
	if goesOn {
		c.reader.page = make(chan struct{})
		return
	}
	if c.reader = nil; !worth {
		c.singly = c.now().Add(readerRest)
	}
	if _, limited := retryAfter(err); err != nil && !limited {
		c.restTo, c.nextAt = c.now().Add(readerRest), time.Time{}
	}
}

// readPage reads the next page: hits are those on it who wait, and more says that others
// do, and that it was not the last.
func (c *crowd) readPage(ctx context.Context) (hits int, more bool, err error) {
	h, err := c.news.current(ctx)
	if err == nil {
		err = c.news.askable(methodPeople)
	}
	if err != nil {
		return 0, false, err
	}
	c.mu.Lock()
	at := c.next
	if c.nextAt.IsZero() || c.news.since(c.nextAt) > cursorAge {
		at = c.api.GetUsersPaginated(slack.GetUsersOptionLimit(pageSize), slack.GetUsersOptionIncludeLocale(false))
	}
	c.pages++
	page := keptStanding{asked: c.now(), left: standingAge, page: c.pages}
	c.mu.Unlock()
	asking, cancel := context.WithTimeout(ctx, pageTimeout)
	defer cancel()
	if at, err = at.Next(asking); err != nil {
		c.news.limited(ctx, methodPeople, err)
		return 0, false, webapi.Error(methodPeople, err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := range at.Users {
		u := &at.Users[i]
		page.standing = standingOf(u)
		for _, id := range slices.Compact([]string{u.ID, u.Enterprise.ID}) {
			waits := c.waiting[id]
			if id != "" && (waits || c.known(id)) {
				c.people.keep(h, id, page)
			}
			if waits {
				hits++
				delete(c.waiting, id)
			}
		}
	}
	if at.Users = nil; at.Cursor == "" {
		c.nextAt = time.Time{}
		return hits, false, nil
	}
	c.next, c.nextAt = at, c.now()
	return hits, len(c.waiting) > 0, nil
}
