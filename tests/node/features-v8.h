/* SPDX-License-Identifier: MIT */
/* What features-v8.cc does for features-host.c, which finds it with dlsym(). */
#ifndef FEATURES_V8_H
#define FEATURES_V8_H

#ifdef __cplusplus
extern "C" {
#endif

#define ENGINE_EXPORT __attribute__((visibility("default")))

/* @context: a pointer to a v8::Local<v8::Context>. */
typedef void engine_callback(void *user, const void *context);

/* These return NULL, or what is wrong. */
ENGINE_EXPORT const char *engine_start(void);
ENGINE_EXPORT const char *engine_check(void);

/* The result as a string, valid until the next call. */
ENGINE_EXPORT const char *engine_evaluate(const char *source);

ENGINE_EXPORT void *engine_isolate(void);
ENGINE_EXPORT void engine_pump(void); /* runs what V8 has posted for that isolate */
ENGINE_EXPORT void engine_inside(engine_callback *callback, void *user); /* both entered */
ENGINE_EXPORT void *engine_platform(void);     /* what V8 has as its platform now */
ENGINE_EXPORT void *engine_own_platform(void); /* what it was given */
ENGINE_EXPORT void engine_stop(void);

/* The second isolate; returns how many rounds it has played. */
ENGINE_EXPORT void second_start(void);
ENGINE_EXPORT unsigned long second_stop(const char **ret_wrong);

#ifdef __cplusplus
}
#endif

#endif
