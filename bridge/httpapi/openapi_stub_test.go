package httpapi_test

import (
	"net/http/httptest"
	"testing"
)

type describer struct{}

func (*describer) check(testing.TB, call, *httptest.ResponseRecorder) {}

var described *describer
