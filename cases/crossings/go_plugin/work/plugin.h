/* The plugin's C. */
#include "../calls.h"

struct pair plugin_c(int a, double b, int64_t c, float d);
int recover_often(int times); /* calls Go's pluginRecovers so often and adds up */
int recover_often_on_c_thread(int times);
const char *defined_in(void); /* the host defines it too */
