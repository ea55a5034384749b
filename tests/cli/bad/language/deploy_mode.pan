# expect: 'opa_mode' is one of stream, digit, batch, ideal, found "fast"
deploy { opa_mode = "fast" }
