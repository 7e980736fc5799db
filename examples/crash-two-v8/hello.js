// SPDX-License-Identifier: MIT
`Node ${process.version} on V8 ${process.versions.v8}, ${require('os').type()}`
