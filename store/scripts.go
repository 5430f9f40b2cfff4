package store

import (
	"context"

	"github.com/redis/go-redis/v9"
)

// scripts are loaded when the store opens and run by their hash. After a
// fail-over that lost them go-redis sends the text again, one more round trip.
type scripts struct {
	reserveCode, replaceClaim, wrongCode, takeRate              *redis.Script
	saveGrant, saveSession, saveApproval, swapApproval          *redis.Script
	putDue, replaceDue, asideDue, holdLease, swapInTurn         *redis.Script
	endOrder, pauseFor, resealKey, saveCopy, swapKnown, release *redis.Script
	appendLog, readLog, logBounds, restoreLog, trimLog          *redis.Script
	setMark, takeOwed, beat                                     *redis.Script
	openLog, saveTiles, deleteTiles, hashFields                 *redis.Script
	readFormer, removeFormer                                    *redis.Script

	texts []string // of all
}

func newScripts() scripts {
	var s scripts
	add := func(text string) *redis.Script {
		s.texts = append(s.texts, text)
		return redis.NewScript(text)
	}
	s.reserveCode = add(reserveCodeScript)
	s.release = add(releaseScript)
	s.replaceClaim = add(replaceClaimScript)
	s.saveGrant = add(saveGrantScript)
	s.holdLease = add(holdLeaseScript)
	s.swapInTurn = add(swapInTurnScript)
	s.putDue = add(putDueScript)
	s.replaceDue = add(replaceDueScript)
	s.asideDue = add(asideDueScript)
	s.takeOwed = add(takeOwedScript)
	s.beat = add(beatScript)
	s.resealKey = add(resealKeyScript)
	s.saveSession = add(saveSessionScript)
	s.saveCopy = add(saveCopyScript)
	s.swapKnown = add(swapKnownScript)
	s.wrongCode = add(wrongCodeScript)
	s.saveApproval = add(saveApprovalScript)
	s.swapApproval = add(swapApprovalScript)
	s.takeRate = add(takeRateScript)
	s.endOrder = add(endOrderScript)
	s.pauseFor = add(pauseForScript)
	s.appendLog = add(entriesScript() + markScript + appendLogScript)
	s.readLog = add(entriesScript() + readLogScript)
	s.logBounds = add(logBoundsScript)
	s.hashFields = add(hashFieldsScript)
	s.readFormer = add(readFormerScript)
	s.removeFormer = add(removeFormerScript)
	s.restoreLog = add(restoreLogScript)
	s.setMark = add(markScript + setMarkScript)
	s.openLog = add(openLogScript)
	s.trimLog = add(trimLogScript)
	s.saveTiles = add(saveTilesScript)
	s.deleteTiles = add(deleteTilesScript)
	return s
}

// loadScripts has Redis know all scripts, on a cluster each of its nodes.
func (s *core) loadScripts(ctx context.Context) error {
	on := func(ctx context.Context, node redis.UniversalClient) error {
		var tried tries
		_, _ = node.Pipelined(ctx, func(p redis.Pipeliner) error { // each command has its own error
			tried.load(ctx, p, s.scripts)
			return nil
		})
		return tried.err()
	}
	if cluster, ok := s.rdb.(*redis.ClusterClient); ok {
		return cluster.ForEachMaster(ctx, func(ctx context.Context, node *redis.Client) error { return on(ctx, node) })
	}
	return on(ctx, s.rdb)
}

func (t *tries) load(ctx context.Context, p redis.Pipeliner, all scripts) {
	for _, text := range all.texts {
		t.note("load script", p.ScriptLoad(ctx, text))
	}
}

// KEYS: any. ARGV: a value. Deletes each key that has it.
const releaseScript = `
for _, key in ipairs(KEYS) do
  if redis.call('GET', key) == ARGV[1] then redis.call('DEL', key) end
end
return 1`
