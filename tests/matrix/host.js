// SPDX-License-Identifier: MIT
// V8 in the executable: node loads the plugin, whose constructor reports (it is no addon).
'use strict';
const fs = require('fs');
const os = require('os');

try {
    process.dlopen({ exports: {} }, process.argv[2], os.constants.dlopen.RTLD_NOW);
} catch (error) {
    if (!/did not self-register/.test(error.message))
        fs.writeSync(1, `host: failed = ${error.message}\n`);
}
const maps = fs.readFileSync('/proc/self/maps', 'utf8');
fs.writeSync(1, `host: mapped = ${maps.includes('/libnode.so.108') ? 'yes' : 'no'}\n`);
fs.writeSync(1, 'host: end = reached\n');
