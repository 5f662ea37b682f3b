// What runtime.SetCgoTraceback wants, and C functions to be seen in tracebacks.
enum { LISTS, PANICS };

void traceback_function(void *argument);
void context_function(void *argument);
void symbolizer_function(void *argument);
int contexts(void); // made and not given back

void c_outer(int left, int what);
void c_on_a_thread(int left, int what);
void c_fault(void);
