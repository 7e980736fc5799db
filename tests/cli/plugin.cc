// SPDX-License-Identifier: MIT
// An addon of Node.js, small enough to know what its plan has to say.
#include <node.h>

#ifdef MISSING
namespace v8 {
void NoEngineHasThisFunction(int);
}
#endif

static void Answer(const v8::FunctionCallbackInfo<v8::Value>& arguments) {
#ifdef MISSING
  v8::NoEngineHasThisFunction(1);
#endif
  arguments.GetReturnValue().Set(42);
}

NODE_MODULE_INIT() {
  (void)module;
  (void)context;
  NODE_SET_METHOD(exports, "answer", Answer);
}
