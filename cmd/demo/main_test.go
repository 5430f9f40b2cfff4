package main

import (
	"os"
	"testing"

	"github.com/assumebot/assumebot/store/storetest"
)

func TestMain(m *testing.M) { os.Exit(storetest.Main(m)) }
